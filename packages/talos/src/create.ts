/** Making nodes from options. */
import { TalosError } from './errors.ts'
import type { Derived, DerivedOptions, Input, InputOptions } from './handles.ts'
import { type Compute, type Equals, extraOf, FORCE, INPUT, Node, SECRET } from './node.ts'
import type { State } from './state.ts'

export function createInput<T>(state: State, value: T, options?: InputOptions<T>): Input<T> {
  const node = new Node(state, null, value, INPUT)
  node.changedAt = state.clock
  if (options !== undefined) configure(node, options)
  return node as unknown as Input<T>
}

export function createDerived<T>(
  state: State,
  fn: (previous: T | undefined) => T,
  options?: DerivedOptions<T>,
): Derived<T> {
  const node = new Node(state, fn as Compute, undefined, FORCE)
  if (options !== undefined) configure(node, options)
  return node as unknown as Derived<T>
}

/** The node behind a handle. @throws TalosError `foreign_node` for anything else. */
export function nodeOf(handle: object): Node {
  if (handle instanceof Node) return handle
  // Facades such as collections carry the node that holds their value.
  if ('node' in handle && handle.node instanceof Node) return handle.node
  throw new TalosError('foreign_node', 'Expected a node of this library.')
}

function configure<T>(node: Node, options: DerivedOptions<T> & InputOptions<T>): void {
  const extra = extraOf(node)
  if (options.id !== undefined) extra.id = options.id
  if (options.equals !== undefined) extra.equals = options.equals as unknown as Equals
  if (options.version !== undefined) extra.version = String(options.version)
  if (options.declassify !== undefined) extra.declassified = options.declassify
  if (options.persist === true) {
    if (options.id === undefined)
      throw new TalosError('invalid_argument', 'A persisted node needs an id: that is what stores know it by.')
    extra.persist = true
    node.state.names.add(options.id, node)
  }
  if (options.secret === true) node.flags |= SECRET
  if (options.cycle !== undefined) {
    const { initial, maxIterations = 1000 } = options.cycle
    extra.cycle = { initial, maxIterations }
  }
}
