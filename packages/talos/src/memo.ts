/**
 * Parameterised derived values: one node per exact argument list.
 *
 * Arguments are compared one by one with SameValueZero, never by their text, so no two different lists
 * can share an entry (SPEC M1). Objects are held weakly: an entry goes with its object argument.
 */

import { createDerived } from './create.ts'
import { Evictor } from './evict.ts'
import type { Derived, DerivedOptions, Readable } from './handles.ts'
import { extraOf, type Node } from './node.ts'
import type { State } from './state.ts'

export interface MemoOptions<A extends readonly unknown[], T> extends DerivedOptions<T> {
  /** Map the arguments to the key the entry lives under, instead of the arguments themselves. */
  readonly key?: (...args: A) => unknown
  /** Most entries kept; least recently used unobserved ones go first. */
  readonly maxEntries?: number
  /** Most total weight kept, as measured by `weigh`. */
  readonly maxWeight?: number
  readonly weigh?: (value: T) => number
  /** Drop entries not asked for in this long, measured by `clock`. */
  readonly maxIdleMs?: number
  /** Milliseconds now; required with `maxIdleMs`. */
  readonly clock?: Readable<number>
}

export interface Memo<A extends readonly unknown[], T> {
  (...args: A): T
  /** The node behind an argument list, created if needed. */
  node(...args: A): Derived<T>
  /** Forget an entry; true if it existed. */
  delete(...args: A): boolean
  /** Entries that can be counted: with object arguments they are weak and not included. */
  readonly size: number
}

export function createMemo<A extends readonly unknown[], T>(
  state: State,
  fn: (...args: A) => T,
  options: MemoOptions<A, T> = {},
): Memo<A, T> {
  const table = new Table(state, fn as unknown as Callee, options as unknown as MemoOptions<unknown[], unknown>)
  const { evictor } = table
  if (options.id !== undefined && options.persist === true)
    state.names.memos.set(options.id, (args) => table.entry(args))
  const unary = fn.length === 1 && options.key === undefined
  let call: (...args: A) => T
  if (unary && evictor === undefined) {
    // A second argument would be dropped by the fast path, so it takes the slow one.
    const fast = function (argument: unknown) {
      if (arguments.length === 1) {
        const node = table.root.values.get(argument)?.node
        if (node !== undefined) return node.get()
      }
      return table.entry(Array.from(arguments)).get()
    }
    call = fast as unknown as (...args: A) => T
  } else call = (...args: A) => table.read(args) as T
  const memo = Object.assign(call, {
    node: (...args: A) => table.entry(args) as unknown as Derived<T>,
    delete: (...args: A) => table.delete(args),
  })
  return Object.defineProperty(memo, 'size', { get: () => table.size }) as Memo<A, T>
}

type Callee = (...args: readonly unknown[]) => unknown

/** One level of the argument trie. */
class Branch {
  node: Node | undefined = undefined
  readonly values: Map<unknown, Branch> = new Map()
  objects: WeakMap<object, Branch> | undefined = undefined
}

class Table {
  readonly root = new Branch()
  readonly evictor: Evictor | undefined
  size = 0
  readonly #state: State
  readonly #fn: Callee
  readonly #options: MemoOptions<unknown[], unknown>

  constructor(state: State, fn: Callee, options: MemoOptions<unknown[], unknown>) {
    this.#state = state
    this.#fn = fn
    this.#options = options
    const { maxEntries, maxWeight, weigh, maxIdleMs, clock } = options
    if (maxEntries !== undefined || maxWeight !== undefined || maxIdleMs !== undefined)
      this.evictor = new Evictor({ maxEntries, maxWeight, weigh, maxIdleMs, clock })
  }

  read(args: readonly unknown[]): unknown {
    const node = this.entry(args)
    try {
      return node.get()
    } finally {
      this.evictor?.used(node)
    }
  }

  entry(args: readonly unknown[]): Node {
    const path = this.#path(args)
    let branch = this.root
    for (const step of path) branch = child(branch, step)
    branch.node ??= this.#create(args, path, branch)
    return branch.node
  }

  delete(args: readonly unknown[]): boolean {
    const path = this.#path(args)
    const branches = [this.root]
    for (const step of path) {
      const next = existing(branches.at(-1) as Branch, step)
      if (next === undefined) return false
      branches.push(next)
    }
    const node = branches.at(-1)?.node
    if (node === undefined) return false
    this.evictor?.forget(node)
    this.#remove(path, branches)
    return true
  }

  #path(args: readonly unknown[]): readonly unknown[] {
    const { key } = this.#options
    return key === undefined ? args : [key(...args)]
  }

  #create(args: readonly unknown[], path: readonly unknown[], branch: Branch): Node {
    const fn = this.#fn
    const { id, key: _key, clock: _clock, ...rest } = this.#options
    const kept = [...args]
    const options = id === undefined ? rest : { ...rest, id: `${id}(${kept.map(describe).join(', ')})` }
    const node = createDerived(this.#state, () => fn(...kept), options) as unknown as Node
    const extra = extraOf(node)
    extra.args = kept
    if (id !== undefined) extra.memo = id
    if (extra.persist === true) this.#state.names.weaken(extra.id as string)
    if (!path.some(isObject)) this.size++
    this.evictor?.add(node, () => {
      if (branch.node === node) this.delete(kept)
    })
    return node
  }

  /** Take the entry out and prune branches it leaves empty. */
  #remove(path: readonly unknown[], branches: readonly Branch[]): void {
    const branch = branches.at(-1) as Branch
    if (branch.node?.id !== undefined) this.#state.names.remove(branch.node.id)
    branch.node = undefined
    if (!path.some(isObject)) this.size--
    for (let at = path.length - 1; at >= 0; at--) {
      const branch = branches[at + 1] as Branch
      if (branch.node !== undefined || branch.values.size > 0 || branch.objects !== undefined) return
      const parent = branches[at] as Branch
      const step = path[at]
      if (isObject(step)) parent.objects?.delete(step)
      else parent.values.delete(step)
    }
  }
}

function child(branch: Branch, step: unknown): Branch {
  const found = existing(branch, step)
  if (found !== undefined) return found
  const next = new Branch()
  if (isObject(step)) {
    branch.objects ??= new WeakMap()
    branch.objects.set(step, next)
  } else branch.values.set(step, next)
  return next
}

function existing(branch: Branch, step: unknown): Branch | undefined {
  return isObject(step) ? branch.objects?.get(step) : branch.values.get(step)
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** Text of an argument for labels and persisted identity; exact for what codecs can carry. */
function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (Object.is(value, -0)) return '0'
  if (typeof value === 'object' && value !== null) return JSON.stringify(value) ?? 'object'
  return String(value)
}
