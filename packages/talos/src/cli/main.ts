/**
 * The command line over a store of files.
 *
 *     talos <command> [id] [json] --store <directory> --key <key> [--module <file>] [--secret-env <name>]
 *
 * Output is one JSON document; errors are `{"error": {code, message}}` and exit code 1. Values are parsed
 * as JSON, nothing typed is ever evaluated. A module must be named to run functions: it exports `graph`.
 */
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { TalosError } from '../errors.ts'
import type { Graph } from '../graph.ts'
import { FAILED, type Failure, INPUT, type Node } from '../node.ts'
import { load } from '../persist/load.ts'
import { save } from '../persist/save.ts'
import { isSecret, REDACTED } from '../secrecy.ts'
import { fileStore } from '../store/files.ts'
import type { Store } from '../store/store.ts'
import { StoredGraph } from './stored.ts'

export const COMMANDS = 'graph stats node tree flow set eval stale errors retry gc why'

const NEGATIVE = /^-\d/

interface Context {
  readonly store: Store
  readonly key: string
  readonly secret: string | undefined
  readonly module: string | undefined
}

/** Run one command line. @returns the exit code */
export async function main(argv: readonly string[], print: (text: string) => void): Promise<number> {
  try {
    print(JSON.stringify(await execute(argv)))
    return 0
  } catch (error) {
    const code = error instanceof TalosError ? error.code : 'invalid_argument'
    print(JSON.stringify({ error: { code, message: error instanceof Error ? error.message : String(error) } }))
    return 1
  }
}

async function execute(argv: readonly string[]): Promise<unknown> {
  const { values, positionals } = parseArgs({
    args: argv.filter((argument) => !NEGATIVE.test(argument)),
    allowPositionals: true,
    options: {
      store: { type: 'string' },
      key: { type: 'string' },
      module: { type: 'string' },
      'secret-env': { type: 'string' },
    },
  })
  // A negative number looks like an option; it can only be the value.
  const [command = '', id, value = argv.find((argument) => NEGATIVE.test(argument))] = positionals
  if (!COMMANDS.split(' ').includes(command)) throw usage(`There is no command ${JSON.stringify(command)}.`)
  if (values.store === undefined || values.key === undefined) throw usage('--store and --key are required.')
  const secretName = values['secret-env']
  const secret = secretName === undefined ? undefined : process.env[secretName]
  if (secretName !== undefined && secret === undefined) throw usage(`The variable ${secretName} is not set.`)
  const context = { store: fileStore(values.store), key: values.key, secret, module: values.module }
  if (command === 'eval' || command === 'errors' || command === 'retry') return live(context, command, id)
  const graph = await StoredGraph.open(context.store, context.key, secret)
  switch (command) {
    case 'graph':
      return graph.graph()
    case 'stats':
      return graph.stats()
    case 'stale':
      return graph.stale()
    case 'node':
      return graph.node(required(id))
    case 'tree':
      return graph.tree(required(id))
    case 'flow':
      return graph.flow(required(id))
    case 'why':
      return graph.why(required(id))
    case 'set':
      graph.set(required(id), parseValue(value))
      await graph.save()
      return { set: id, stale: graph.stale() }
    default: {
      const removed = graph.gc()
      await graph.save()
      return { removed }
    }
  }
}

/** Commands that run functions: load into the module's graph, work, save. */
async function live(context: Context, command: string, id: string | undefined): Promise<unknown> {
  if (context.module === undefined) throw usage(`${command} runs functions, so it needs --module.`)
  const exports = (await import(pathToFileURL(context.module).href)) as { graph?: Graph }
  const { graph } = exports
  if (graph === undefined) throw usage(`${context.module} does not export graph.`)
  const options = context.secret === undefined ? {} : { secret: context.secret }
  const { problem } = await load(graph, context.store, context.key, options)
  if (problem !== undefined) throw problem
  const nodes = [...graph.state.names.all()]
  if (command === 'eval') {
    const node = graph.state.names.get(required(id))
    if (node === undefined) throw new TalosError('unknown_id', `The module has no persisted node ${id}.`, { id })
    const value = node.get()
    await save(graph, context.store, context.key, options)
    return { id, value: isSecret(node) ? REDACTED : value, runs: graph.counters.runs }
  }
  const failed = nodes.filter(([, node]) => fails(node))
  if (command === 'errors') return failed.map(([name, node]) => ({ id: name, error: messageOf(node) }))
  for (const [, node] of failed) node.refresh()
  const still = failed.filter(([, node]) => fails(node)).map(([name]) => name)
  await save(graph, context.store, context.key, options)
  return { retried: failed.map(([name]) => name), failing: still }
}

function fails(node: Node): boolean {
  if ((node.flags & INPUT) !== 0) return false
  try {
    node.peek()
    return false
  } catch {
    return true
  }
}

function messageOf(node: Node): string {
  if (isSecret(node)) return REDACTED
  return (node.flags & FAILED) !== 0 ? String((node.value as Failure).error) : ''
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
    `${problem} Usage: talos ${COMMANDS.replaceAll(' ', '|')} [id] [json] --store <directory> --key <key> [--module <file>] [--secret-env <name>]`,
  )
}
