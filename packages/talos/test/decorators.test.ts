import { expect, expectTypeOf, test } from 'vitest'
import { decorators } from '../src/decorators.ts'
import { createGraph } from '../src/index.ts'

const graph = createGraph()
const { input, derived, memo, node } = decorators(graph)

test('N1: accessors, getters and methods become nodes, and super reaches another node', () => {
  let runs = 0

  class Sheet {
    @input
    accessor price = 100

    @derived
    get total(): number {
      runs++
      return this.price * 2
    }

    @memo
    scaled(by: number): number {
      return this.total * by
    }
  }

  class Taxed extends Sheet {
    @derived
    override get total(): number {
      return super.total + 1
    }
  }

  const sheet = new Sheet()
  const taxed = new Taxed()
  expectTypeOf(sheet.total).toEqualTypeOf<number>()
  expect([sheet.total, sheet.total, sheet.scaled(3), runs]).toEqual([200, 200, 600, 1])
  expect([taxed.total, taxed.scaled(10)]).toEqual([201, 2010])
  taxed.price = 1
  expect([taxed.total, taxed.scaled(10), sheet.total]).toEqual([3, 30, 200])
  const seen: number[] = []
  const effect = graph.effect(() => void seen.push(taxed.total))
  taxed.price = 2
  effect.dispose()
  expect(seen).toEqual([3, 5])
  expect(node(taxed, 'total').get()).toBe(5)
  expect(node(sheet, 'price').id).toBe('price')
  expect(() => node(sheet, 'nope')).toThrow(expect.objectContaining({ code: 'unknown_id' }))
})

test('N1: decorated objects are collectable', async () => {
  class Box {
    @input
    accessor value = 1

    @derived
    get double(): number {
      return this.value * 2
    }
  }
  const weak = Array.from({ length: 50 }, () => {
    const box = new Box()
    void box.double
    return new WeakRef(box)
  })
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  expect(weak.filter((reference) => reference.deref() !== undefined).length).toBeLessThan(3)
})
