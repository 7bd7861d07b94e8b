/**
 * The command line over a store.
 *
 *     talos <command> [id] [json] --store <directory or SQLite file> --key <key> [--module <file>] [--secret-env <name>]
 *
 * Output is one JSON document; errors are `{"error": {code, message}}` and exit code 1. Values are parsed
 * as JSON, nothing typed is ever evaluated. A module must be named to run functions: it exports `graph`.
 */
import { parseArgs } from 'node:util'
import { TalosError } from '../errors.ts'
import { ENTRY_OPTIONS, ENTRY_USAGE, openEntry, type StoredEntry } from '../stored/storedEntry.ts'

export const COMMANDS = 'graph stats node tree flow set eval stale errors retry gc why'

const NEGATIVE = /^-\d/

/** Run one command line. @returns the exit code */
export async function main(argv: readonly string[], print: (text: string) => void): Promise<number> {
  try {
    print(printable(await execute(argv)))
    return 0
  } catch (error) {
    const code = error instanceof TalosError ? error.code : 'invalid_argument'
    print(printable({ error: { code, message: error instanceof Error ? error.message : String(error) } }))
    return 1
  }
}

async function execute(argv: readonly string[]): Promise<unknown> {
  const { values, positionals } = parseArgs({
    args: argv.filter((argument) => !NEGATIVE.test(argument)),
    allowPositionals: true,
    options: ENTRY_OPTIONS,
  })
  // A negative number looks like an option; it can only be the value.
  const [command = '', id, value = argv.find((argument) => NEGATIVE.test(argument))] = positionals
  if (!COMMANDS.split(' ').includes(command)) throw usage(`There is no command ${JSON.stringify(command)}.`)
  if (values.store === undefined || values.key === undefined) throw usage('--store and --key are required.')
  const entry = await openEntry(values, { create: command === 'eval' })
  try {
    return await run(entry, command, id, value)
  } finally {
    entry.close()
  }
}

async function run(entry: StoredEntry, command: string, id: string | undefined, value: string | undefined) {
  switch (command) {
    case 'graph':
      return (await entry.read()).graph()
    case 'stats':
      return (await entry.read()).stats()
    case 'stale':
      return (await entry.read()).stale()
    case 'node':
      return (await entry.read()).node(required(id))
    case 'tree':
      return (await entry.read()).tree(required(id))
    case 'flow':
      return (await entry.read()).flow(required(id))
    case 'why':
      return (await entry.read()).why(required(id))
    case 'set': {
      const [name, parsed] = [required(id), parseValue(value)]
      return entry.edit((graph) => {
        graph.set(name, parsed)
        return { set: name, stale: graph.stale() }
      })
    }
    case 'gc':
      return entry.edit((graph) => ({ removed: graph.gc() }))
    case 'eval':
      return (await entry.live()).evaluate(required(id))
    case 'errors':
      return (await entry.live()).errors()
    default:
      return (await entry.live()).retry(id)
  }
}

/** One line of JSON without anything a terminal obeys or that reorders what is read. */
function printable(document: unknown): string {
  return JSON.stringify(document).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function parseValue(text: string | undefined): unknown {
  try {
    return JSON.parse(required(text))
  } catch (error) {
    throw new TalosError('invalid_argument', 'The value is not JSON.', {}, error)
  }
}

function required(argument: string | undefined): string {
  if (argument === undefined) throw usage('An argument is missing.')
  return argument
}

function usage(problem: string): TalosError {
  return new TalosError(
    'invalid_argument',
    `${problem} Usage: talos ${COMMANDS.replaceAll(' ', '|')} [id] [json] ${ENTRY_USAGE}`,
  )
}
