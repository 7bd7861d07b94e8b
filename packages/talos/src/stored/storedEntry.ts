/**
 * One saved graph in its store, as the tools for people open it.
 *
 * Every change reads the entry again first, so that what others saved meanwhile is not undone by what
 * somebody has had on the screen for an hour.
 */
import { TalosError } from '../errors.ts'
import { pack, unpack } from '../persist/pack.ts'
import type { Store } from '../store/store.ts'
import { LiveGraph } from './liveGraph.ts'
import { openStore } from './openStore.ts'
import { StoredGraph } from './storedGraph.ts'

/** Options of a command line that name an entry, as `parseArgs` of `node:util` takes them. */
export const ENTRY_OPTIONS: {
  readonly store: { readonly type: 'string' }
  readonly key: { readonly type: 'string' }
  readonly module: { readonly type: 'string' }
  readonly 'secret-env': { readonly type: 'string' }
} = {
  store: { type: 'string' },
  key: { type: 'string' },
  module: { type: 'string' },
  'secret-env': { type: 'string' },
}

export const ENTRY_USAGE =
  '--store <directory or SQLite file> --key <key> [--module <file>] [--secret-env <name of a variable>]'

export type EntryOptions = { readonly [Name in keyof typeof ENTRY_OPTIONS]?: string | undefined }

export class StoredEntry {
  readonly key: string
  readonly store: Store
  readonly secret: string | undefined
  readonly close: () => void
  readonly #module: string | undefined

  constructor(
    { store, close }: { readonly store: Store; readonly close: () => void },
    key: string,
    options: { readonly secret?: string | undefined; readonly module?: string | undefined } = {},
  ) {
    this.key = key
    this.store = store
    this.close = close
    this.secret = options.secret
    this.#module = options.module
  }

  /** True if functions can be run. */
  get isLive(): boolean {
    return this.#module !== undefined
  }

  /** @throws TalosError `unknown_id` when nothing is stored, `corrupt_store`, `foreign_store` */
  async read(): Promise<StoredGraph> {
    const { key } = this
    const data = await this.store.read(key)
    if (data === undefined) throw new TalosError('unknown_id', `Nothing is stored under the key ${key}.`, { key })
    return new StoredGraph(unpack(key, data, this.secret))
  }

  /** Apply a change to what is stored now, and save. */
  async edit<R>(change: (graph: StoredGraph) => R): Promise<R> {
    const graph = await this.read()
    const result = change(graph)
    await this.store.write(this.key, pack(this.key, graph.lines, this.secret))
    return result
  }

  /** The module's graph with what is stored. @throws TalosError `invalid_argument` without a module */
  async live(): Promise<LiveGraph> {
    if (this.#module === undefined)
      throw new TalosError('invalid_argument', 'This runs functions, so it needs --module.')
    return LiveGraph.load(this, this.#module)
  }
}

/**
 * Open the entry a command line names.
 *
 * @param options.create allow a store that does not exist yet
 * @throws TalosError `invalid_argument`, `foreign_store`
 */
export async function openEntry(
  values: EntryOptions,
  options: { readonly create?: boolean } = {},
): Promise<StoredEntry> {
  const { store, key, module, 'secret-env': secretName } = values
  if (store === undefined || key === undefined)
    throw new TalosError('invalid_argument', '--store and --key are required.')
  const secret = secretName === undefined ? undefined : process.env[secretName]
  if (secretName !== undefined && secret === undefined)
    throw new TalosError('invalid_argument', `The variable ${secretName} is not set.`)
  return new StoredEntry(await openStore(store, { create: options.create ?? false }), key, { secret, module })
}
