import type { ContextWindow } from '@caliber/client'
import { type Command, Option } from 'commander'
import { addCommand, type Setting, withConnection } from './command.ts'
import { definedFields } from './definedFields.ts'
import { globalsOf } from './globalOptions.ts'
import { itemWords } from './itemWords.ts'
import { wholeNumber } from './operationFields.ts'
import { printedContext } from './printedContext.ts'
import { readTextOrFile } from './readInput.ts'
import { printedReceipt } from './receiptTable.ts'

/** `caliber context QUESTION…`: context.assemble for people. The verbs of the noun `context` stand below it. */
export function addContextCommand(program: Command, setting: Setting): void {
  const command = addCommand(program, 'context', 'Assemble the best context that fits a token budget.')
    .enablePositionalOptions()
    .helpCommand(false)
    .usage('[question...] [options]')
    .argument('[question...]', 'the question at hand; no quotes needed, unless it begins with the name of a verb')
    .option('-b, --budget <integer>', 'tokens that the context may take (default: 4096)', wholeNumber)
    .addOption(new Option('-f, --format <choice>', 'form of the context (default: markdown)').choices(formats))
    .option('--scope-id <id>', 'include the conversation of this scope')
    .option('--trajectory-id <id>', 'search in this trajectory alone')
    .option('--system <text>', 'your own instructions, first and complete; @file reads them from a file')
    .option(
      '--pin <id>',
      'an item that must be in; give it once per item',
      (id: string, ids: readonly string[] = []) => [...ids, id],
    )
    .option('--receipt', 'explain every candidate below the context')
    .addHelpText('after', '\nExample:\n  caliber context What is the current rate limit? --budget 800 --receipt')
  command.action(async (words: readonly string[], options: Readonly<Record<string, unknown>>) => {
    const { terminal } = setting
    const globals = globalsOf(command)
    const question = words.join(' ').trim()
    const { budget, format, scopeId, trajectoryId, system, pin, receipt } = options
    const input = {
      query: question === '' ? undefined : question,
      budgetTokens: budget,
      format,
      scopeId,
      trajectoryId,
      pins: pin,
      system: typeof system === 'string' ? await readTextOrFile(system) : undefined,
    }
    await withConnection(setting, globals, async ({ transport }) => {
      const answer = await transport.call('context.assemble', definedFields(input))
      if (globals.json) {
        terminal.out(`${JSON.stringify(answer)}\n`)
        return
      }
      // The operation's name decides the type of its answer: both come from one registry.
      const window = answer as ContextWindow
      terminal.out(printedContext(window, terminal))
      if (receipt === true) terminal.out(`\n${printedReceipt(window, await itemWords(window, transport), terminal)}`)
    })
  })
}

const formats = ['markdown', 'xml', 'json', 'messages']
