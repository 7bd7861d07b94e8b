/** Every operation of the contract as `caliber <noun> <verb>`. */
import { Argument, type Command, Option } from 'commander'
import type { ContractOperation } from '../../generated/contract.ts'
import { addCommand, printAnswer, type Setting, withConnection } from './command.ts'
import { exampleLine } from './commandExample.ts'
import { usageError } from './exit.ts'
import { globalsOf } from './globalOptions.ts'
import { type Field, fieldsOf, flagsOf, parseField } from './operationFields.ts'
import { outcomeOf, printedAnswer } from './printedAnswer.ts'
import { readInput } from './readInput.ts'

type Fields = Readonly<Record<string, unknown>>

/** Add a command per operation. Nouns that exist already, as commands of their own, get the verbs as well. */
export function addOperationCommands(program: Command, contract: readonly ContractOperation[], setting: Setting): void {
  for (const operation of contract) {
    const [noun = '', verb = ''] = operation.name.split('.')
    const group = program.commands.find((command) => command.name() === noun) ?? addNoun(program, noun, contract)
    addOperation(group, verb, operation, setting)
  }
}

function addNoun(program: Command, noun: string, contract: readonly ContractOperation[]): Command {
  const verbs = contract.flatMap(({ name }) => (name.startsWith(`${noun}.`) ? [name.slice(noun.length + 1)] : []))
  return program
    .command(noun)
    .description(verbs.join(', '))
    .usage('<verb> [options]')
    .enablePositionalOptions()
    .helpCommand(false)
}

function addOperation(group: Command, verb: string, operation: ContractOperation, setting: Setting): void {
  const fields = fieldsOf(operation)
  const positional = fields.filter((field) => field.positional)
  const command = addCommand(group, verb, operation.summary)
  command.usage([...positional.map(({ name }) => `<${name}>`), '[options]'].join(' '))
  // They may come with --input too, so commander must not insist; `inputOf` does.
  for (const { name, description } of positional) command.addArgument(new Argument(`[${name}]`, description))
  for (const field of fields) if (!field.positional) addField(command, field)
  command.option('--input <json>', 'all fields as a JSON object, @file or - for standard input; options override it')
  if (operation.effect === 'write') {
    command.option('--fences <fence...>', 'leases that the write is made under, as <regionId>:<fence>')
  }
  if (operation.effect === 'write' && !operation.idempotent) {
    command.option('--idempotency-key <key>', 'a repeated call with this key answers as the first one did')
  }
  command.addHelpText('after', `\nExample:\n  ${exampleLine(operation)}`)
  command.action(async () => {
    const globals = globalsOf(command)
    const given: Fields = command.opts()
    const input = await inputOf(fields, command.args, given, setting)
    const { idempotencyKey, fences } = given
    const answer = await withConnection(setting, globals, ({ transport }) =>
      transport.call(operation.name, input, {
        ...(typeof idempotencyKey === 'string' && { idempotencyKey }),
        ...(Array.isArray(fences) && { fences: fences.map(String) }),
      }),
    )
    printAnswer(answer, globals, setting.terminal, (terminal) => printedAnswer(operation.name, answer, terminal))
    setting.setExitCode(outcomeOf(operation.name, answer))
  })
}

function addField(command: Command, field: Field): void {
  const option = new Option(flagsOf(field), field.description)
  if (field.choices) option.choices(field.choices)
  else if (field.kind !== 'boolean') option.argParser((text: string) => parseField(field, text))
  command.addOption(option)
  if (field.kind === 'boolean') command.addOption(new Option(field.flag.replace('--', '--no-')).hideHelp())
}

/** Put the input together. @throws CaliberError `invalid_input` naming what is missing */
async function inputOf(
  fields: readonly Field[],
  positional: readonly string[],
  options: Fields,
  { terminal }: Setting,
): Promise<Fields> {
  const source = options['input']
  const input: Record<string, unknown> = typeof source === 'string' ? { ...(await readInput(source, terminal)) } : {}
  let place = 0
  for (const { name, positional: byPlace } of fields) {
    const value: unknown = byPlace ? positional[place++] : options[name]
    if (value !== undefined) input[name] = value
  }
  const missing = fields.filter(({ name, required }) => required && input[name] === undefined)
  if (missing.length > 0) {
    const names = missing.map((field) => (field.positional ? `<${field.name}>` : flagsOf(field)))
    throw usageError(`Missing: ${names.join(', ')}. See --help for an example.`, {
      missing: missing.map(({ name }) => name),
    })
  }
  return input
}
