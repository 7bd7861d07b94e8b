/** An answer is of one moment, though the database takes its time. */
import { expect, test } from 'vitest'
import type { PrincipalId, TenantId } from '../domain/ids.ts'
import { openO200k } from '../models/tokenizer.ts'
import { lookAround } from './lookAround.ts'
import { MemoryView, type ViewSearch } from './memoryView.ts'
import { TenantMemory } from './tenantMemory.ts'
import { summariesOver } from './testing/summariesOver.ts'

const search: ViewSearch = {
  query: 'x',
  limit: 1,
  vectors: new Map([['model', Float32Array.of(1, 0)]]),
  accept: () => true,
}

test('a memory that holds its vectors is not waited for, nor is one that nothing is asked of', () => {
  const town = new Town()
  expect(lookAround(town.view(), never, () => undefined)).toBeUndefined()
  expect(lookAround(town.view(), never, () => ({ ...search, vectors: new Map() }))).toBeUndefined()
  expect(lookAround(new Town({ maxBytes: 8 }).view(), never, () => search)).toBeUndefined()
})

test('where the memory stays as it is, one look is enough', async () => {
  const town = new Town()
  const looked = await lookAround(town.view(), never, () => search)
  expect(looked?.near).toMatchObject({ seq: 1, basis: { model: 'model' } })
  expect(town.looks).toBe(1)
})

test('where the memory goes on meanwhile, it is looked at again, with the rights and filters of then', async () => {
  const town = new Town({ changes: 1 })
  const first = town.view()
  const seen: MemoryView[] = []
  const looked = await lookAround(
    first,
    async () => town.view(),
    (held) => {
      seen.push(held)
      return search
    },
  )
  expect(looked?.held).not.toBe(first)
  expect(seen).toEqual([first, looked?.held])
  expect(looked?.near?.seq).toBe(2)
})

test('a memory that never rests is answered after a few looks', async () => {
  const town = new Town({ changes: Number.POSITIVE_INFINITY })
  const looked = await lookAround(
    town.view(),
    async () => town.view(),
    () => search,
  )
  expect(town.looks).toBe(4)
  expect(looked?.near).toBeDefined()
})

test('a memory that was loaded again and holds its vectors now needs nothing more', async () => {
  const town = new Town({ changes: 1 })
  const looked = await lookAround(
    town.view(),
    async () => new Town({ maxBytes: 8 }).view(),
    () => search,
  )
  expect(looked).toMatchObject({ near: undefined })
})

const never = () => Promise.reject(new Error('looked again'))
const tenantId = '01890a5d-ac96-774b-bcce-b302099a8057' as TenantId
const principalId = '01890a5d-ac96-774b-bcce-b302099a8058' as PrincipalId

/** A memory whose vectors lie elsewhere, and that has a new event during each of its first looks. */
class Town {
  looks = 0
  readonly #memory = new TenantMemory(tenantId, { name: 'model', dimensions: 2 })
  readonly #changes: number

  constructor({ changes = 0, maxBytes = -1 } = {}) {
    this.#changes = changes
    this.#memory.keepVectorsWithin('model', maxBytes)
    this.#memory.advance(1)
  }

  view(): MemoryView {
    return new MemoryView(
      this.#memory,
      { principalId },
      {
        summaries: summariesOver(tenantId, this.#memory, openO200k()),
        compare: () => this.#look(),
      },
    )
  }

  async #look() {
    this.looks += 1
    if (this.looks <= this.#changes) this.#memory.advance(this.#memory.seq + 1)
    return { cosines: new Map(), mean: 0 }
  }
}
