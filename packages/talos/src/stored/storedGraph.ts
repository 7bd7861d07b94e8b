/**
 * Looking at, and editing, a saved graph without its functions.
 *
 * Everything here is linear in the size of the graph and uses no call stack per node: a saved graph may
 * be a chain of 100,000 nodes, or a lattice with more paths than could ever be listed.
 */
import { TalosError } from '../errors.ts'
import { decode, digest, encode } from '../persist/codec.ts'
import { type Dep, type Line, lineOf, seenDigest } from '../persist/pack.ts'

export interface StoredNode {
  readonly id: string
  readonly kind: 'input' | 'derived'
  /** Would be computed again before it is served. */
  readonly stale: boolean
  /** The value as JSON text, with tags for what JSON lacks. */
  readonly value: string
}

/** Why a stored value is served or not. */
export interface StoredWhy {
  readonly id: string
  readonly served: boolean
  /** What it read and has another value now. */
  readonly changed: readonly string[]
  /** What it read and is itself stale. */
  readonly uncertain: readonly string[]
}

/** One line of a tree in reading order. What is below a node stands where the node appears first. */
export interface Branch {
  readonly id: string
  readonly depth: number
  /** What is below is shown further up. */
  readonly repeated: boolean
}

export interface Tree {
  readonly id: string
  readonly children: readonly Tree[]
  /** What is below is shown where the node appears first. */
  readonly repeated?: true
  /** More is below than a nested document can hold. */
  readonly cut?: true
}

export type Direction = 'dependencies' | 'consumers'

/** JSON parsers and printers recurse; a document nested deeper than this breaks them. */
const MAX_NESTING = 500

export class StoredGraph {
  #lines: readonly Line[]
  #known: Index | undefined

  constructor(lines: readonly Line[]) {
    this.#lines = lines
  }

  get lines(): readonly Line[] {
    return this.#lines
  }

  has(id: string): boolean {
    return this.#index.numbers.has(id)
  }

  nodes(): StoredNode[] {
    const { stale } = this.#index
    return this.#lines.map(({ id, deps, value }, number) => ({
      id,
      kind: kindOf(deps),
      stale: stale.has(number),
      value,
    }))
  }

  node(id: string): Record<string, unknown> {
    const number = this.#number(id)
    const line = this.#line(number)
    return {
      id,
      kind: kindOf(line.deps),
      ...(line.deps === null ? {} : { version: line.version, stale: this.#index.stale.has(number) }),
      value: plain(line),
      dependencies: this.neighbours(id, 'dependencies'),
      consumers: this.neighbours(id, 'consumers'),
    }
  }

  graph(): { nodes: { id: string; kind: string }[]; edges: [string, string][] } {
    return {
      nodes: this.#lines.map(({ id, deps }) => ({ id, kind: kindOf(deps) })),
      edges: this.#lines.flatMap(({ id, deps }) =>
        (deps ?? []).map((dep): [string, string] => [this.#id(lineOf(dep)), id]),
      ),
    }
  }

  stats(): Record<string, number> {
    const inputs = this.#lines.filter(({ deps }) => deps === null).length
    return {
      inputs,
      derived: this.#lines.length - inputs,
      edges: this.#lines.reduce((sum, { deps }) => sum + (deps?.length ?? 0), 0),
      stale: this.#index.stale.size,
      valueBytes: this.#lines.reduce((sum, { value }) => sum + Buffer.byteLength(value), 0),
    }
  }

  /** What a node read, or what read it. */
  neighbours(id: string, direction: Direction): string[] {
    return this.#below(this.#number(id), direction).map((number) => this.#id(number))
  }

  /** Everything a node depends on, or everything that depends on it, itself first. */
  branches(id: string, direction: Direction): Branch[] {
    const shown = new Set<number>()
    const branches: Branch[] = []
    const pending = [{ number: this.#number(id), depth: 0 }]
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { number, depth } = next
      const below = this.#below(number, direction)
      branches.push({ id: this.#id(number), depth, repeated: shown.has(number) && below.length > 0 })
      if (shown.has(number)) continue
      shown.add(number)
      for (const child of below.toReversed()) pending.push({ number: child, depth: depth + 1 })
    }
    return branches
  }

  tree(id: string): Tree {
    return nest(this.branches(id, 'dependencies'))
  }

  flow(id: string): Tree {
    return nest(this.branches(id, 'consumers'))
  }

  /** Derived values that would be computed again, in dependency order. */
  stale(): string[] {
    return [...this.#index.stale].map((number) => this.#id(number))
  }

  /** What keeps a stored value from being served. */
  why(id: string): StoredWhy {
    const number = this.#number(id)
    const deps = this.#line(number).deps ?? []
    const { stale } = this.#index
    const idsOf = (chosen: readonly Dep[]) => chosen.map((dep) => this.#id(lineOf(dep)))
    return {
      id,
      served: !stale.has(number),
      changed: idsOf(deps.filter((dep) => hasMoved(this.#lines, dep))),
      uncertain: idsOf(deps.filter((dep) => !hasMoved(this.#lines, dep) && stale.has(lineOf(dep)))),
    }
  }

  /** Change an input. What read the old value keeps saying so, and is therefore stale. */
  set(id: string, value: unknown): void {
    const number = this.#number(id)
    const line = this.#line(number)
    if (line.deps !== null) throw new TalosError('not_writable', `${id} is derived; only inputs can be set.`, { id })
    const text = encode(value)
    const lines = [...this.#lines]
    for (const at of this.#below(number, 'consumers')) {
      const reader = this.#line(at)
      const deps = (reader.deps ?? []).map((dep): Dep => (dep === number ? [number, line.digest] : dep))
      lines[at] = { ...reader, deps }
    }
    lines[number] = { ...line, value: text, digest: digest(text) }
    this.#replace(lines)
  }

  /** Forget derived values that are stale; true count of what went. */
  gc(): number {
    const { stale } = this.#index
    const moved = new Map<number, number>()
    for (const number of this.#lines.keys()) if (!stale.has(number)) moved.set(number, moved.size)
    // What is kept is not stale, and so is nothing it read.
    const numberOf = (number: number) => moved.get(number) as number
    const renumber = (dep: Dep): Dep => (typeof dep === 'number' ? numberOf(dep) : [numberOf(dep[0]), dep[1]])
    this.#replace(
      [...moved.keys()].map((number) => {
        const line = this.#line(number)
        return { ...line, deps: line.deps?.map(renumber) ?? null }
      }),
    )
    return stale.size
  }

  get #index(): Index {
    this.#known ??= indexOf(this.#lines)
    return this.#known
  }

  #replace(lines: readonly Line[]): void {
    this.#lines = lines
    this.#known = undefined
  }

  #number(id: string): number {
    const number = this.#index.numbers.get(id)
    if (number === undefined) throw new TalosError('unknown_id', `The stored graph has no node ${id}.`, { id })
    return number
  }

  #below(number: number, direction: Direction): readonly number[] {
    return direction === 'consumers'
      ? (this.#index.consumers[number] ?? [])
      : (this.#line(number).deps ?? []).map(lineOf)
  }

  #line(number: number): Line {
    return this.#lines[number] as Line
  }

  #id(number: number): string {
    return this.#line(number).id
  }
}

interface Index {
  readonly numbers: ReadonlyMap<string, number>
  readonly consumers: readonly (readonly number[])[]
  readonly stale: ReadonlySet<number>
}

function indexOf(lines: readonly Line[]): Index {
  const numbers = new Map<string, number>()
  const consumers: number[][] = lines.map(() => [])
  const stale = new Set<number>()
  for (const [number, { id, deps }] of lines.entries()) {
    numbers.set(id, number)
    for (const dep of deps ?? []) {
      consumers[lineOf(dep)]?.push(number)
      if (stale.has(lineOf(dep)) || hasMoved(lines, dep)) stale.add(number)
    }
  }
  return { numbers, consumers, stale }
}

function hasMoved(lines: readonly Line[], dep: Dep): boolean {
  return seenDigest(lines, dep) !== lines[lineOf(dep)]?.digest
}

function kindOf(deps: Line['deps']): 'input' | 'derived' {
  return deps === null ? 'input' : 'derived'
}

/** A stored value as JSON shows it best: with its tags, once they are known to be right. */
function plain({ value }: Line): unknown {
  decode(value)
  return JSON.parse(value)
}

function nest(branches: readonly Branch[]): Tree {
  interface Open {
    readonly id: string
    readonly children: Open[]
    repeated?: true
    cut?: true
  }
  const path: Open[] = []
  for (const { id, depth, repeated } of branches) {
    if (depth > MAX_NESTING) {
      const last = path[MAX_NESTING]
      if (last !== undefined) last.cut = true
      continue
    }
    const tree: Open = { id, children: [], ...(repeated ? { repeated } : {}) }
    path.length = depth
    path.at(-1)?.children.push(tree)
    path.push(tree)
  }
  return path[0] as Open
}
