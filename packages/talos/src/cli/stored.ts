/** Looking at, and editing, a saved graph without its functions. */
import { TalosError } from '../errors.ts'
import { decode, digest, encode } from '../persist/codec.ts'
import { type Dep, type Line, lineOf, pack, seenDigest, unpack } from '../persist/pack.ts'
import type { Store } from '../store/store.ts'

export interface Tree {
  readonly id: string
  readonly children: readonly Tree[]
}

export class StoredGraph {
  readonly lines: Line[]
  readonly #store: Store
  readonly #key: string
  readonly #secret: string | undefined

  constructor(store: Store, key: string, secret: string | undefined, lines: Line[]) {
    this.#store = store
    this.#key = key
    this.#secret = secret
    this.lines = lines
  }

  /** @throws TalosError `unknown_id` when there is none under the key */
  static async open(store: Store, key: string, secret: string | undefined): Promise<StoredGraph> {
    const data = await store.read(key)
    if (data === undefined) throw new TalosError('unknown_id', `Nothing is stored under the key ${key}.`, { key })
    return new StoredGraph(store, key, secret, unpack(key, data, secret))
  }

  async save(): Promise<void> {
    await this.#store.write(this.#key, pack(this.#key, this.lines, this.#secret))
  }

  number(id: string): number {
    const number = this.lines.findIndex((line) => line.id === id)
    if (number < 0) throw new TalosError('unknown_id', `The stored graph has no node ${id}.`, { id })
    return number
  }

  node(id: string): Record<string, unknown> {
    const number = this.number(id)
    const line = this.lines[number] as Line
    return {
      id,
      kind: line.deps === null ? 'input' : 'derived',
      ...(line.deps === null ? {} : { version: line.version, stale: this.stale().includes(id) }),
      value: plain(line),
      dependencies: (line.deps ?? []).map((dep) => this.#id(lineOf(dep))),
      consumers: this.#consumers(number).map((consumer) => this.#id(consumer)),
    }
  }

  graph(): { nodes: { id: string; kind: string }[]; edges: [string, string][] } {
    return {
      nodes: this.lines.map(({ id, deps }) => ({ id, kind: deps === null ? 'input' : 'derived' })),
      edges: this.lines.flatMap(({ id, deps }) =>
        (deps ?? []).map((dep): [string, string] => [this.#id(lineOf(dep)), id]),
      ),
    }
  }

  stats(): Record<string, number> {
    const inputs = this.lines.filter(({ deps }) => deps === null).length
    return {
      inputs,
      derived: this.lines.length - inputs,
      edges: this.lines.reduce((sum, { deps }) => sum + (deps?.length ?? 0), 0),
      stale: this.stale().length,
      valueBytes: this.lines.reduce((sum, { value }) => sum + Buffer.byteLength(value), 0),
    }
  }

  tree(id: string): Tree {
    return this.#walk(this.number(id), (number) => (this.lines[number]?.deps ?? []).map(lineOf))
  }

  flow(id: string): Tree {
    return this.#walk(this.number(id), (number) => this.#consumers(number))
  }

  /** Derived values that would be computed again, in dependency order. */
  stale(): string[] {
    const stale = new Set<number>()
    for (const [number, { deps }] of this.lines.entries())
      if (deps?.some((dep) => stale.has(lineOf(dep)) || this.#moved(dep))) stale.add(number)
    return [...stale].map((number) => this.#id(number))
  }

  /** What keeps a stored value from being served. */
  why(id: string): Record<string, unknown> {
    const { deps } = this.lines[this.number(id)] as Line
    const stale = new Set(this.stale())
    const name = (dep: Dep) => this.#id(lineOf(dep))
    return {
      id,
      served: !stale.has(id),
      changed: (deps ?? []).filter((dep) => this.#moved(dep)).map(name),
      uncertain: (deps ?? []).filter((dep) => !this.#moved(dep) && stale.has(name(dep))).map(name),
    }
  }

  /** Change an input. What read the old value keeps saying so, and is therefore stale. */
  set(id: string, value: unknown): void {
    const number = this.number(id)
    const line = this.lines[number] as Line
    if (line.deps !== null) throw new TalosError('not_writable', `${id} is derived; only inputs can be set.`, { id })
    const text = encode(value)
    for (const [at, reader] of this.lines.entries()) {
      if (!reader.deps?.some((dep) => dep === number)) continue
      const deps = reader.deps.map((dep): Dep => (dep === number ? [number, line.digest] : dep))
      this.lines[at] = { ...reader, deps }
    }
    this.lines[number] = { ...line, value: text, digest: digest(text) }
  }

  /** Forget derived values that are stale; true count of what went. */
  gc(): number {
    const stale = new Set(this.stale())
    const kept = this.lines.filter(({ id }) => !stale.has(id))
    const moved = new Map(kept.map(({ id }, number) => [this.number(id), number]))
    const renumber = (dep: Dep): Dep =>
      typeof dep === 'number' ? (moved.get(dep) as number) : [moved.get(dep[0]) as number, dep[1]]
    const removed = this.lines.length - kept.length
    this.lines.splice(
      0,
      this.lines.length,
      ...kept.map((line) => ({ ...line, deps: line.deps?.map(renumber) ?? null })),
    )
    return removed
  }

  #moved(dep: Dep): boolean {
    return seenDigest(this.lines, dep) !== this.lines[lineOf(dep)]?.digest
  }

  #consumers(number: number): number[] {
    return this.lines.flatMap(({ deps }, at) => (deps?.some((dep) => lineOf(dep) === number) ? [at] : []))
  }

  #walk(number: number, next: (number: number) => number[], seen: ReadonlySet<number> = new Set()): Tree {
    const below = seen.has(number) ? [] : next(number)
    const path = new Set([...seen, number])
    return { id: this.#id(number), children: below.map((child) => this.#walk(child, next, path)) }
  }

  #id(number: number): string {
    return (this.lines[number] as Line).id
  }
}

/** A stored value as JSON shows it best. */
function plain({ value }: Line): unknown {
  const decoded = decode(value)
  return typeof decoded === 'object' && decoded !== null ? JSON.parse(value) : (JSON.parse(value) as unknown)
}
