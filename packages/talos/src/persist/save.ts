/** Writing what is known: persisted inputs, and derived values that hold, with what they were computed from. */
import type { Graph } from '../graph.ts'
import { settle } from '../mark.ts'
import { extraOf, FAILED, INPUT, type Node } from '../node.ts'
import { isSecret } from '../secrecy.ts'
import { settled } from '../settled.ts'
import type { Store } from '../store/store.ts'
import { digest, encode } from './codec.ts'
import { type Line, pack } from './pack.ts'

export interface StoreOptions {
  /** Authenticates the entry: needed where others can write to the store. */
  readonly secret?: string
}

export interface SaveReport {
  readonly inputs: number
  readonly derived: number
  /** Persisted nodes that were not written, and why. */
  readonly skipped: readonly { readonly id: string; readonly reason: string }[]
}

/** Save the persisted nodes of a graph under a key, atomically. Runs nothing. */
export async function save(graph: Graph, store: Store, key: string, options: StoreOptions = {}): Promise<SaveReport> {
  const writer = new Writer(graph)
  for (const [id, node] of graph.state.names.all()) writer.add(id, node)
  await store.write(key, pack(key, writer.lines, options.secret))
  return {
    inputs: writer.lines.filter((line) => line.deps === null).length,
    derived: writer.lines.filter((line) => line.deps !== null).length,
    skipped: writer.skipped,
  }
}

/** Digest of a node's value as it would be stored; remembered for as long as the value stays. */
export function digestOf(node: Node): { readonly text: string; readonly value: string | undefined } {
  const known = node.extra?.digest
  if (known !== undefined && Object.is(known.of, node.value)) return { text: known.text, value: undefined }
  const value = encode(node.value)
  const text = digest(value)
  extraOf(node).digest = { of: node.value, text }
  return { text, value }
}

class Writer {
  readonly lines: Line[] = []
  readonly skipped: { id: string; reason: string }[] = []
  readonly #graph: Graph
  readonly #numbers = new Map<Node, number>()
  readonly #known = new Map<Node, boolean>()
  readonly #secrets = new Map<Node, boolean>()

  constructor(graph: Graph) {
    this.#graph = graph
    settle(graph.state)
  }

  /** Add a line for a node, after lines for everything it depends on. Iterative. */
  add(id: string, root: Node): void {
    if (this.#numbers.has(root)) return
    const reason = this.#refusal(root)
    if (reason !== undefined) return void this.skipped.push({ id, reason })
    const pending = [root]
    for (let node = pending.at(-1); node !== undefined; node = pending.at(-1)) {
      const below = this.#named(node)
      const missing = below.filter((dependency) => !this.#numbers.has(dependency))
      if (missing.length > 0) {
        pending.push(...missing)
        continue
      }
      pending.pop()
      if (this.#numbers.has(node)) continue
      const refusal = node === root ? undefined : this.#refusal(node)
      if (refusal !== undefined) return void this.skipped.push({ id, reason: `it read ${node.id}: ${refusal}` })
      try {
        this.#write(node, below)
      } catch {
        this.skipped.push({ id, reason: 'it, or something it read, holds a value no store can keep' })
        return
      }
    }
  }

  #refusal(node: Node): string | undefined {
    if (isSecret(node, this.#secrets)) return 'secret'
    if ((node.flags & INPUT) !== 0) return undefined
    if (!settled(this.#graph.state, node, this.#known)) return 'not computed, or out of date'
    if ((node.flags & FAILED) !== 0) return 'failed'
    const below = leaves(node)
    // Even a digest would tell something about a secret.
    if (below.some((dependency) => isSecret(dependency, this.#secrets))) return 'it read a secret'
    return below.every(isNamed) ? undefined : 'it read an input that is not persisted'
  }

  #write(node: Node, below: readonly Node[]): void {
    const extra = extraOf(node)
    const known = digestOf(node)
    const isInput = (node.flags & INPUT) !== 0
    this.#numbers.set(node, this.lines.length)
    this.lines.push({
      id: extra.id as string,
      version: isInput ? null : (extra.version ?? ''),
      digest: known.text,
      value: known.value ?? encode(node.value),
      deps: isInput ? null : below.map((dependency) => this.#numbers.get(dependency) as number),
      memo: extra.memo === undefined ? null : [extra.memo, encode(extra.args)],
    })
  }

  #named(node: Node): Node[] {
    return (node.flags & INPUT) !== 0 ? [] : leaves(node)
  }
}

/** The persisted nodes a node read, directly or through nodes that are not persisted. */
function leaves(root: Node): Node[] {
  const found = new Set<Node>()
  const seen = new Set<Node>([root])
  const pending = [root]
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    for (let at = 0; at < node.trace.length; at += 2) {
      const dependency = node.trace[at] as Node
      if (seen.has(dependency)) continue
      seen.add(dependency)
      if (isNamed(dependency) || (dependency.flags & INPUT) !== 0) found.add(dependency)
      else pending.push(dependency)
    }
  }
  return [...found]
}

function isNamed(node: Node): boolean {
  return node.extra?.persist === true
}
