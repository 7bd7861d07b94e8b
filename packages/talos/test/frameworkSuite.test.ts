/** The public conformance suite for signal libraries, unmodified, through an adapter. */
import { type ReactiveFramework, testSuite } from 'reactive-framework-test-suite'
import { expect, test } from 'vitest'
import { createGraph, type Graph } from '../src/index.ts'

let graph: Graph = createGraph({ writesInDerived: true })

const adapter: ReactiveFramework = {
  name: 'talos',
  signal: (value) => {
    const node = graph.input(value)
    return { read: () => node.get(), write: (next) => node.set(next) }
  },
  computed: (fn) => {
    const node = graph.derived(fn)
    return { read: () => node.get() }
  },
  effect: (fn) => {
    const effect = graph.effect(fn)
    return () => effect.dispose()
  },
  run: (fn) => {
    graph = createGraph({ writesInDerived: true })
    fn()
  },
  // The suite wants a throwing batch to keep its writes; ours rolls back, so the throw waits until after.
  batch: (fn) => {
    let failure: { error: unknown } | undefined
    const result = graph.batch(() => {
      try {
        return fn()
      } catch (error) {
        failure = { error }
      }
      return undefined
    })
    if (failure !== undefined) throw failure.error
    return result
  },
  untracked: (fn) => graph.untracked(fn),
}

for (const { section, cases, type } of testSuite) {
  for (const [name, run] of Object.entries(cases)) {
    test(`${section}: ${name}`, () => {
      let result: unknown
      adapter.run(() => {
        result = run(adapter)
      })
      if (type === 'behavioral') expect(typeof result).toBe('string')
    })
  }
}

test('the suite is complete', () => {
  const count = testSuite.reduce((sum, { cases }) => sum + Object.keys(cases).length, 0)
  expect(count).toBe(179)
})
