/**
 * Serving what was saved.
 *
 * Inputs are set; a derived value is taken over if its version is the same and every dependency has the
 * digest recorded for it, and is computed otherwise. Nothing stored is believed before its seal is
 * checked, and a damaged entry is reported and ignored as a whole (SPEC H5).
 */
import { TalosError } from '../errors.ts'
import type { Graph } from '../graph.ts'
import { extraOf, FAILED, FORCE, INPUT, type Node } from '../node.ts'
import { succeed } from '../run.ts'
import type { Store } from '../store/store.ts'
import { batch } from '../write.ts'
import { decode, digest } from './codec.ts'
import { type Line, lineOf, seenDigest, unpack } from './pack.ts'
import { digestOf, type StoreOptions } from './save.ts'

export interface LoadReport {
  readonly inputs: number
  /** Derived values taken over at once. Others may be when they are first read. */
  readonly derived: number
  /** Why nothing was loaded. */
  readonly problem?: TalosError
}

/** Nested lookups of not yet created memo entries before giving up on the store and computing. */
const MAX_NESTED_RECALLS = 100

/** Load what was saved under a key into the persisted nodes of a graph. Runs no function of theirs. */
export async function load(graph: Graph, store: Store, key: string, options: StoreOptions = {}): Promise<LoadReport> {
  let lines: Line[]
  try {
    const data = await store.read(key)
    if (data === undefined) return { inputs: 0, derived: 0 }
    lines = unpack(key, data, options.secret)
  } catch (error) {
    if (error instanceof TalosError) return { inputs: 0, derived: 0, problem: error }
    throw error
  }
  return new Reader(graph, lines).load()
}

class Reader {
  readonly #graph: Graph
  readonly #lines: readonly Line[]
  /** Lines of derived values nobody has asked for yet. */
  readonly #offers = new Map<string, Line>()
  #depth = 0

  constructor(graph: Graph, lines: readonly Line[]) {
    this.#graph = graph
    this.#lines = lines
  }

  load(): LoadReport {
    const { state } = this.#graph
    let inputs = 0
    let derived = 0
    batch(state, () => {
      for (const line of this.#lines) if (line.deps === null && this.#setInput(line)) inputs++
    })
    for (const line of this.#lines) {
      if (line.deps === null) continue
      const node = state.names.get(line.id)
      if (node !== undefined && this.#adopt(node, line)) derived++
      else if (node === undefined) this.#offers.set(line.id, line)
    }
    const { recall } = state
    if (this.#offers.size > 0) state.recall = (node) => this.#recall(node) || (recall?.(node) ?? false)
    return { inputs, derived }
  }

  #setInput(line: Line): boolean {
    const node = this.#graph.state.names.get(line.id)
    if (node === undefined || (node.flags & INPUT) === 0 || digest(line.value) !== line.digest) return false
    const value = decode(line.value)
    node.set(value)
    if (Object.is(node.value, value)) extraOf(node).digest = { of: value, text: line.digest }
    return true
  }

  /** Asked by the engine before a first run. */
  #recall(node: Node): boolean {
    const id = node.extra?.id
    const line = id === undefined || node.extra?.origin !== undefined ? undefined : this.#offers.get(id)
    if (line === undefined || this.#depth >= MAX_NESTED_RECALLS) return false
    this.#offers.delete(line.id)
    this.#depth++
    try {
      return this.#adopt(node, line)
    } finally {
      this.#depth--
    }
  }

  #adopt(node: Node, line: Line): boolean {
    const { state } = this.#graph
    if ((node.flags & FORCE) === 0 || node.changedAt !== 0 || (node.extra?.version ?? '') !== line.version) return false
    const trace: unknown[] = []
    for (const dep of line.deps ?? []) {
      const dependency = this.#holding(this.#lines[lineOf(dep)] as Line, seenDigest(this.#lines, dep))
      if (dependency === undefined) return false
      trace.push(dependency, dependency.value)
    }
    const value = this.#value(line)
    if (value === undefined) return false
    node.trace = trace
    node.flags &= ~FORCE
    succeed(state, node, value.decoded, state.clock)
    extraOf(node).digest = { of: node.value, text: line.digest }
    state.recalledCount++
    return true
  }

  /** The node of a line, if its present value has the digest recorded. */
  #holding(line: Line, seen: string): Node | undefined {
    const node = this.#graph.state.names.get(line.id) ?? this.#entry(line)
    if (node === undefined) return undefined
    try {
      node.peek()
      if ((node.flags & FAILED) === 0 && digestOf(node).text === seen) return node
    } catch {
      // A dependency that fails now, or cannot be encoded, is not what was recorded.
    }
    return undefined
  }

  /** Create the memo entry a line is about. */
  #entry(line: Line): Node | undefined {
    if (line.memo === null) return undefined
    const make = this.#graph.state.names.memos.get(line.memo[0])
    return make?.(decode(line.memo[1]) as unknown[])
  }

  #value(line: Line): { decoded: unknown } | undefined {
    try {
      return { decoded: decode(line.value) }
    } catch {
      return undefined
    }
  }
}
