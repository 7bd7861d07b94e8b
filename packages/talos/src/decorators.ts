/**
 * Standard decorators over a graph.
 *
 *     const { input, derived, memo, node } = decorators(graph)
 *     class Sheet {
 *       @input accessor price = 100
 *       @derived get total() { return this.price * 2 }
 *       @memo scaled(by: number) { return this.total * by }
 *     }
 *
 * Each decorated member keeps its nodes per object and per member, not per name, so a subclass that
 * calls `super.total` reads another node, and objects can be collected.
 */
import { createDerived, createInput } from './create.ts'
import { TalosError } from './errors.ts'
import type { Graph } from './graph.ts'
import type { Derived, Input } from './handles.ts'
import { createMemo, type Memo } from './memo.ts'

export interface Decorators {
  input<This extends object, T>(
    target: ClassAccessorDecoratorTarget<This, T>,
    context: ClassAccessorDecoratorContext<This, T>,
  ): ClassAccessorDecoratorResult<This, T>
  derived<This extends object, T>(
    getter: (this: This) => T,
    context: ClassGetterDecoratorContext<This, T>,
  ): (this: This) => T
  memo<This extends object, A extends readonly unknown[], T>(
    method: (this: This, ...args: A) => T,
    context: ClassMethodDecoratorContext<This, (this: This, ...args: A) => T>,
  ): (this: This, ...args: A) => T
  /** The node behind a decorated member of an object. @throws TalosError `unknown_id` */
  node(object: object, member: string): Derived<unknown> | Input<unknown>
}

/** Make decorators whose nodes live in `graph`. */
export function decorators(graph: Graph): Decorators {
  const { state } = graph
  /** For each object, how to get the node of a member; a subclass registers after its base. */
  const members = new WeakMap<object, Map<string, () => unknown>>()

  function register(object: object, member: string | symbol, get: () => unknown): void {
    const known = members.get(object) ?? new Map<string, () => unknown>()
    known.set(String(member), get)
    members.set(object, known)
  }

  return {
    input(_target, { name }) {
      const nodes = new WeakMap<object, Input<unknown>>()
      return {
        init(value) {
          const node = createInput<unknown>(state, value, { id: String(name) })
          nodes.set(this, node)
          register(this, name, () => node)
          return value
        },
        get() {
          return nodes.get(this)?.get() as never
        },
        set(value) {
          nodes.get(this)?.set(value)
        },
      }
    },

    derived(getter, context) {
      const nodes = new WeakMap<object, Derived<unknown>>()
      const nodeFor = (object: object) =>
        remember(nodes, object, () =>
          createDerived<unknown>(state, () => getter.call(object as never), { id: String(context.name) }),
        )
      context.addInitializer(function () {
        register(this, context.name, () => nodeFor(this))
      })
      return function () {
        return nodeFor(this).get() as never
      }
    },

    memo(method, context) {
      const memos = new WeakMap<object, Memo<readonly unknown[], unknown>>()
      return function (...args) {
        const memo = remember(memos, this, () => {
          const call = (...given: readonly unknown[]) => method.apply(this, given as never)
          return createMemo<readonly unknown[], unknown>(state, call, { id: String(context.name) })
        })
        return memo(...args) as never
      }
    },

    node(object, member) {
      const get = members.get(object)?.get(member)
      if (get === undefined) throw new TalosError('unknown_id', `No decorated member is called ${member}.`, { member })
      return get() as Derived<unknown>
    },
  }
}

function remember<K extends object, V>(known: WeakMap<K, V>, key: K, make: () => V): V {
  let value = known.get(key)
  if (value === undefined) {
    value = make()
    known.set(key, value)
  }
  return value
}
