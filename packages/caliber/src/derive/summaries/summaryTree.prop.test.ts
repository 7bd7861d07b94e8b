import { type AsyncDerived, asyncDerived, createGraph, type Input } from '@caliber/talos'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { childrenPerNode, type Part, SummaryTree } from './summaryTree.ts'

/** Joins by putting in brackets, so that the text shows the tree; counts what it is asked. */
function bracketed() {
  const graph = createGraph()
  const leaves = graph.input(0)
  const inputs: Input<string>[] = []
  const nodes = new Map<number, AsyncDerived<Part>>()
  const joined: string[] = []
  const tree = new SummaryTree(graph, {
    leaves,
    leaf(index) {
      const node =
        nodes.get(index) ??
        asyncDerived(graph, async (t) => ({
          text: t.get(inputs[index] as Input<string>),
          sources: [{ id: `${index}` }],
        }))
      nodes.set(index, node)
      return node
    },
    async join(place, parts) {
      joined.push(place)
      return { text: `(${parts.map(({ text }) => text).join(' ')})`, sources: parts.flatMap((p) => p.sources) }
    },
  })
  return {
    tree,
    joined,
    set(index: number, text: string) {
      graph.batch(() => {
        while (inputs.length <= index) inputs.push(graph.input(''))
        inputs[index]?.set(text)
        leaves.set(inputs.length)
      })
    },
  }
}

/** The same tree, built from nothing. */
function naive(texts: readonly string[]): string {
  let level = [...texts]
  while (level.length > 1) {
    const next: string[] = []
    for (let i = 0; i < level.length; i += childrenPerNode) {
      const parts = level.slice(i, i + childrenPerNode).filter((text) => text !== '')
      next.push(parts.length < 2 ? (parts[0] ?? '') : `(${parts.join(' ')})`)
    }
    level = next
  }
  return level[0] ?? ''
}

test('after any edits the top is what a tree built from nothing has', async () => {
  const edit = fc.record({ at: fc.nat({ max: 150 }), text: fc.constantFrom('', 'a', 'b', 'c') })
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 30 }), async (edits) => {
      const { tree, set } = bracketed()
      const texts: string[] = []
      for (const { at, text } of edits) {
        const index = Math.min(at, texts.length)
        texts[index] = text
        set(index, text)
        expect((await tree.top.get()).text).toBe(naive(texts))
      }
    }),
    { numRuns: 40 },
  )
})

test('one change among many makes one node anew on each level, and an equal one none', async () => {
  const { tree, joined, set } = bracketed()
  for (let i = 0; i < 600; i += 1) set(i, `${i}`)
  await tree.top.get()
  const whole = joined.splice(0).length
  set(77, 'changed')
  await tree.top.get()
  expect(joined.splice(0).sort()).toEqual(['1/9', '2/1', '3/0', '4/0'].slice(0, heightOf(600)).sort())
  set(77, 'changed')
  await tree.top.get()
  expect(joined).toEqual([])
  set(600, 'appended')
  await tree.top.get()
  expect(joined.length).toBeLessThanOrEqual(heightOf(601))
  expect(whole).toBeGreaterThan(80)
})

function heightOf(leaves: number): number {
  return Math.ceil(Math.log(leaves) / Math.log(childrenPerNode))
}
