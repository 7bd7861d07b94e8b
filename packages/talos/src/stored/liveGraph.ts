/**
 * A saved graph together with the module that has its functions: computing, finding failures, retrying.
 *
 * Nothing typed by a person is evaluated; only what the named module defines runs. Values and errors of
 * secret nodes leave this file redacted.
 */
import { pathToFileURL } from 'node:url'
import { isTransient, TalosError } from '../errors.ts'
import { type Profile, profile } from '../explain/profile.ts'
import type { Graph } from '../graph.ts'
import { INPUT, type Node } from '../node.ts'
import { encode } from '../persist/codec.ts'
import { load } from '../persist/load.ts'
import { save } from '../persist/save.ts'
import { isSecret, REDACTED } from '../secrecy.ts'
import type { Store } from '../store/store.ts'

export interface Failing {
  readonly id: string
  readonly error: string
}

/** Where a live graph was loaded from and is saved to. */
export interface Place {
  readonly store: Store
  readonly key: string
  readonly secret: string | undefined
}

const profiles = new WeakMap<Graph, Profile>()

export class LiveGraph {
  readonly #graph: Graph
  readonly #place: Place

  private constructor(graph: Graph, place: Place) {
    this.#graph = graph
    this.#place = place
  }

  /** @throws TalosError `invalid_argument` when the module exports no graph; what loading reports */
  static async load(place: Place, module: string): Promise<LiveGraph> {
    const { graph } = (await import(/* @vite-ignore */ pathToFileURL(module).href)) as { graph?: Graph }
    if (graph?.state === undefined) throw new TalosError('invalid_argument', `${module} does not export graph.`)
    const { problem } = await load(graph, place.store, place.key, secretOf(place))
    if (problem !== undefined) throw problem
    if (!profiles.has(graph) && graph.state.tracer === null)
      profiles.set(
        graph,
        profile(graph, () => performance.now()),
      )
    return new LiveGraph(graph, place)
  }

  /** Names of the module's persisted nodes. */
  ids(): string[] {
    return [...this.#graph.state.names.all()].map(([id]) => id)
  }

  /** Names of the nodes whose values must not be shown, whatever a store holds of them. */
  secrets(): Set<string> {
    const known = new Map<Node, boolean>()
    return new Set([...this.#graph.state.names.all()].filter(([, node]) => isSecret(node, known)).map(([id]) => id))
  }

  /** Time the node's own function took so far in this process; undefined if it did not run. */
  selfMs(id: string): number | undefined {
    const node = this.#graph.state.names.get(id)
    const known = profiles.get(this.#graph)
    return node === undefined || known?.why(node) === undefined ? undefined : known.selfMs(node)
  }

  /** Compute a node and save. @throws the function's error, or one that keeps a secret */
  async evaluate(id: string): Promise<{ id: string; value: unknown; runs: number }> {
    const node = this.#graph.state.names.get(id)
    if (node === undefined) throw new TalosError('unknown_id', `The module has no persisted node ${id}.`, { id })
    const failure = failureOf(node)
    if (failure !== undefined) throw hides(node, failure.error) ? new Error(shown(node, failure.error)) : failure.error
    const value = isSecret(node) ? REDACTED : (JSON.parse(encode(node.peek())) as unknown)
    await this.#save()
    return { id, value, runs: this.#graph.counters.runs }
  }

  /** Compute every persisted node and tell which fail. Saves nothing. */
  errors(): Failing[] {
    const failing: Failing[] = []
    for (const [id, node] of this.#nodes()) {
      const failure = failureOf(node)
      if (failure !== undefined) failing.push({ id, error: shown(node, failure.error) })
    }
    return failing
  }

  /** Compute failing nodes again, or one node whether it fails or not, and save. */
  async retry(id?: string): Promise<{ retried: string[]; failing: string[] }> {
    const chosen =
      id === undefined
        ? this.#nodes().filter(([, node]) => failureOf(node) !== undefined)
        : this.#nodes().filter(([name]) => name === id)
    if (id !== undefined && chosen.length === 0)
      throw new TalosError('unknown_id', `The module has no persisted derived value ${id}.`, { id })
    for (const [, node] of chosen) node.refresh()
    const failing = chosen.filter(([, node]) => failureOf(node) !== undefined)
    await this.#save()
    return { retried: chosen.map(([name]) => name), failing: failing.map(([name]) => name) }
  }

  /** What a node fails with, computing it if need be. */
  failure(id: string): string | undefined {
    const node = this.#graph.state.names.get(id)
    const failure = node === undefined ? undefined : failureOf(node)
    return node === undefined || failure === undefined ? undefined : shown(node, failure.error)
  }

  #nodes(): [string, Node][] {
    return [...this.#graph.state.names.all()].filter(([, node]) => (node.flags & INPUT) === 0)
  }

  async #save(): Promise<void> {
    await save(this.#graph, this.#place.store, this.#place.key, secretOf(this.#place))
  }
}

function failureOf(node: Node): { readonly error: unknown } | undefined {
  try {
    node.peek()
    return undefined
  } catch (error) {
    return { error }
  }
}

function shown(node: Node, error: unknown): string {
  return hides(node, error) ? REDACTED : String(error)
}

/** An error that is not kept leaves no record of what was read before it, so it may tell of a secret. */
function hides(node: Node, error: unknown): boolean {
  return isSecret(node) || (isTransient(error) && !(error instanceof TalosError))
}

function secretOf({ secret }: Place): { secret?: string } {
  return secret === undefined ? {} : { secret }
}
