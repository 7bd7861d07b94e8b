/**
 * Give every item of a memory its vector of one model, behind the writes and reads: what was computed before from the
 * database, the rest from the model.
 *
 * The queue is the memory itself, which knows what lacks a vector, so nothing is queued twice or without bound. A model that
 * fails delays vectors and nothing else: its tenant is tried again after a while. So is a tenant that has used up its day:
 * what was computed before still serves it. Two processes may ask for the same text; both then use the vector that was kept
 * first.
 */
import { CaliberError } from '../../domain/errors.ts'
import type { TenantId } from '../../domain/ids.ts'
import { type ModelUse, together } from '../../domain/modelUse.ts'
import { type Embedder, spaceOf } from '../../models/embedder.ts'
import { isRefusal } from '../../models/refusal.ts'
import type { MemoryItem } from '../memoryItem.ts'
import type { TenantMemory } from '../tenantMemory.ts'
import { textDigest } from '../textDigest.ts'
import type { Meter } from '../use/meter.ts'
import { type ItemSlots, mostStoredDimensions, type PlacedVector, type StoredVectors } from '../vector/storedVectors.ts'
import type { Space } from '../vector/vectorSpace.ts'
import { waitBehind } from '../waitBehind.ts'
import { embeddedPart } from './embeddedPart.ts'
import type { ItemVector, VectorStore } from './vectorStore.ts'

/** Items taken at once. */
const batchItems = 128
/** Tenants worked for at the same time. */
const tenantsAtOnce = 2
/** Texts in a row that a model may refuse before the trouble is taken to be elsewhere. */
const mostRefusals = 16
const firstRetryMs = 5_000
const longestRetryMs = 300_000

export interface EmbeddingsOptions {
  readonly meter: Meter
  countTokens(text: string): number
  /** Without it, every memory holds its vectors. */
  readonly overflow?: Overflow | undefined
  /** Wait before a tenant is tried again. Rejects when the signal aborts. */
  wait?(ms: number, signal: AbortSignal): Promise<void>
}

/** What a model gave for some texts: their vectors by digest, what it took, and why it is not all. */
interface Computed {
  readonly vectors: ReadonlyMap<string, Float32Array>
  readonly use: ModelUse | undefined
  readonly failure: unknown
}

/** What items are given: of each digest its vector. */
interface Given {
  vectorOf(digest: string): Float32Array | undefined
  /** The event that the texts were read as of. */
  readonly seq: number
  /** Whether what has none gets none. */
  readonly isAll: boolean
}

/** Where the vectors of memories go that would be too large with them. */
export interface Overflow {
  readonly storedVectors: StoredVectors
  /** Octets that the vectors of one memory may take in one space. */
  readonly maxBytes: number
}

export class Embeddings {
  readonly space: Space
  readonly #embedder: Embedder
  readonly #store: VectorStore
  readonly #options: EmbeddingsOptions
  readonly #closing = new AbortController()
  /** The memory that each tenant is worked for. */
  readonly #running = new Map<TenantId, TenantMemory>()
  readonly #runs = new Set<Promise<void>>()
  #working = 0
  readonly #waiting: (() => void)[] = []

  constructor(embedder: Embedder, store: VectorStore, options: EmbeddingsOptions) {
    this.space = { name: spaceOf(embedder), dimensions: embedder.dimensions }
    this.#embedder = embedder
    this.#store = store
    this.#options = embedder.dimensions > mostStoredDimensions ? { ...options, overflow: undefined } : options
  }

  /** Say that a memory may have items without a vector. Returns at once. */
  follow(tenantId: TenantId, memory: TenantMemory): void {
    if (this.#closing.signal.aborted || memory.unembedded(this.space.name, 1).length === 0) return
    if (this.#running.get(tenantId) === memory) return
    this.#running.set(tenantId, memory)
    const run = this.#work(tenantId, memory).finally(() => {
      this.#runs.delete(run)
      if (this.#running.get(tenantId) !== memory) return
      this.#running.delete(tenantId)
      // What came while the run was ending.
      this.follow(tenantId, memory)
    })
    this.#runs.add(run)
  }

  /** Say that a tenant's memory was given up. */
  leave(tenantId: TenantId): void {
    this.#running.delete(tenantId)
  }

  /** How many vectors of a tenant are kept. */
  kept(tenantId: TenantId): Promise<number> {
    return this.#store.count(tenantId)
  }

  /** Give every item of a memory the vector that is kept of its text; without one it gets none. Asks no model, and keeps nothing. */
  async fillFromStore(tenantId: TenantId, memory: TenantMemory): Promise<void> {
    for (let batch = this.#batch(memory); batch.length > 0; batch = this.#batch(memory)) {
      const digests = new Map(batch.map((item) => [item, textDigest(embeddedPart(item.ownText))]))
      const left = await this.#placeKnown(tenantId, memory, digests)
      const inDatabase = this.#storedFor(memory) !== undefined
      const known = inDatabase ? new Map() : await this.#store.find(tenantId, [...left.values()])
      for (const [item, digest] of left) this.#put(memory, item, known.get(digest))
    }
  }

  /** Stop, requests under way included. */
  async close(): Promise<void> {
    this.#closing.abort()
    for (const wake of this.#waiting.splice(0)) wake()
    await Promise.all(this.#runs)
  }

  async #work(tenantId: TenantId, memory: TenantMemory): Promise<void> {
    const { signal } = this.#closing
    const { wait = waitBehind } = this.#options
    const isWanted = () => !signal.aborted && this.#running.get(tenantId) === memory
    for (let retryMs = firstRetryMs; ; retryMs = Math.min(retryMs * 2, longestRetryMs)) {
      let waitMs = retryMs
      await this.#turn()
      try {
        for (let batch = this.#batch(memory); batch.length > 0 && isWanted(); ) {
          await this.#embed(tenantId, memory, batch)
          retryMs = firstRetryMs
          batch = this.#batch(memory)
        }
        return
      } catch (error) {
        // A model or a database that is away: the items still lack their vectors, which is all there is to remember.
        if (isOverLimit(error)) {
          // The day ends at a known time, and the limit may be raised before.
          waitMs = Math.min(Math.max(firstRetryMs, Number(error.detail['retryAfterMs'])), longestRetryMs)
          // Beyond the items that wait for the model there may be some that need not.
          await this.#serveKept(tenantId, memory, isWanted).catch(() => undefined)
        }
      } finally {
        this.#working -= 1
        this.#waiting.shift()?.()
      }
      await wait(waitMs, signal).catch(() => undefined)
      if (!isWanted()) return
    }
  }

  async #turn(): Promise<void> {
    while (this.#working >= tenantsAtOnce && !this.#closing.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
      })
    }
    this.#working += 1
  }

  async #embed(tenantId: TenantId, memory: TenantMemory, items: readonly MemoryItem[]): Promise<void> {
    const { seq } = memory
    const sourceOf = new Map<string, { readonly itemId: string; readonly text: string }>()
    const digestOf = new Map<MemoryItem, string>()
    for (const item of items) {
      const text = embeddedPart(item.ownText)
      if (text.trim() === '') {
        this.#put(memory, item, undefined)
        continue
      }
      const digest = textDigest(text)
      sourceOf.set(digest, { itemId: item.id, text })
      digestOf.set(item, digest)
    }
    const left = await this.#placeKnown(tenantId, memory, digestOf)
    const wanted = new Set(left.values())
    for (const digest of sourceOf.keys()) if (!wanted.has(digest)) sourceOf.delete(digest)
    const known = await this.#store.find(tenantId, [...sourceOf.keys()])
    const missing = [...sourceOf].filter(([digest]) => !known.has(digest))
    const { vectors, use, failure } = await this.#computed(
      tenantId,
      missing.map(([digest, { text }]) => [digest, text]),
    )
    const fresh = new Map<string, ItemVector>()
    for (const [digest, { itemId }] of missing) {
      const vector = vectors.get(digest)
      if (vector) fresh.set(digest, { itemId, vector })
    }
    const keep = () => this.#store.keep(tenantId, fresh, seq, use)
    const kept = fresh.size === 0 ? vectors : await this.#options.meter.storing(tenantId, use, keep)
    // After a failure, what has none is not known to get none.
    const isAll = failure === undefined
    await this.#give(tenantId, memory, left, {
      vectorOf: (digest) => known.get(digest) ?? kept.get(digest),
      seq,
      isAll,
    })
    if (failure !== undefined) throw failure
  }

  /** Give the items that lack a vector those that are kept. Asks no model. */
  async #serveKept(tenantId: TenantId, memory: TenantMemory, isWanted: () => boolean): Promise<void> {
    const { seq } = memory
    const lacking = memory.unembedded(this.space.name, Number.POSITIVE_INFINITY)
    for (let from = 0; from < lacking.length && isWanted(); from += batchItems) {
      const batch = lacking.slice(from, from + batchItems)
      const digests = new Map(batch.map((item) => [item, textDigest(embeddedPart(item.ownText))]))
      const left = await this.#placeKnown(tenantId, memory, digests)
      const known = await this.#store.find(tenantId, [...left.values()])
      await this.#give(tenantId, memory, left, { vectorOf: (digest) => known.get(digest), seq, isAll: false })
    }
  }

  /** Give items their vectors, in memory or in the database. */
  async #give(
    tenantId: TenantId,
    memory: TenantMemory,
    digestOf: ReadonlyMap<MemoryItem, string>,
    { vectorOf, seq, isAll }: Given,
  ): Promise<void> {
    const stored = this.#storedFor(memory)
    const placed: PlacedVector[] = []
    for (const [item, digest] of digestOf) {
      const vector = vectorOf(digest)
      if (vector && stored) placed.push({ itemId: item.id, digest, regionId: item.regionId, vector })
      else if (vector || isAll) this.#put(memory, item, vector)
    }
    if (!stored || placed.length === 0) return
    // An item whose slot another process took lacks one still, and comes again with the next batch.
    this.#putSlots(memory, digestOf.keys(), await stored.keep(tenantId, this.space.name, placed, seq))
  }

  /** Say where those vectors lie that are in the database already. @returns the items that are left, with their digests */
  async #placeKnown(
    tenantId: TenantId,
    memory: TenantMemory,
    digestOf: ReadonlyMap<MemoryItem, string>,
  ): Promise<ReadonlyMap<MemoryItem, string>> {
    const stored = this.#storedFor(memory)
    if (!stored || digestOf.size === 0) return digestOf
    const asked = [...digestOf].map(([item, digest]) => ({ itemId: item.id, digest }))
    const slots = await stored.find(tenantId, this.space.name, asked)
    this.#putSlots(memory, digestOf.keys(), slots)
    return new Map([...digestOf].filter(([item]) => !slots.has(item.id)))
  }

  #putSlots(memory: TenantMemory, items: Iterable<MemoryItem>, slots: ItemSlots): void {
    for (const item of items) {
      const slot = slots.get(item.id)
      if (slot !== undefined) memory.putSlot(this.space.name, item, slot)
    }
  }

  /** Where a memory has its vectors in the database. */
  #storedFor(memory: TenantMemory): StoredVectors | undefined {
    return memory.vectorsLieIn(this.space.name) === 'database' ? this.#options.overflow?.storedVectors : undefined
  }

  /** Where they lie is decided here alone, so that it does not change while a batch is under way. */
  #batch(memory: TenantMemory): readonly MemoryItem[] {
    if (this.#options.overflow) memory.keepVectorsWithin(this.space.name, this.#options.overflow.maxBytes)
    return memory.unembedded(this.space.name, batchItems)
  }

  #put(memory: TenantMemory, item: MemoryItem, vector: Float32Array | undefined): void {
    memory.putVector(this.space.name, item, vector ?? null)
  }

  /** The vectors of texts, by digest; a text that the model refuses has none. What came before a failure is not lost. */
  async #computed(tenantId: TenantId, entries: readonly (readonly [string, string])[]): Promise<Computed> {
    const vectors = new Map<string, Float32Array>()
    let use: ModelUse | undefined
    let refusals = 0
    const compute = async (part: readonly (readonly [string, string])[]): Promise<void> => {
      if (part.length === 0) return
      try {
        const asked = await this.#ask(
          tenantId,
          part.map(([, text]) => text),
        )
        use = together(use, asked.use)
        for (const [i, [digest]] of part.entries()) {
          const vector = asked.answer[i]
          if (vector) vectors.set(digest, vector)
        }
        refusals = 0
      } catch (error) {
        if (!isRefusal(error)) throw error
        if (part.length === 1) {
          refusals += 1
          if (refusals === mostRefusals) throw error
          return
        }
        // One text spoils the others: find it by halves.
        const middle = part.length >> 1
        await compute(part.slice(0, middle))
        await compute(part.slice(middle))
      }
    }
    let failure: unknown
    await compute(entries).catch((error: unknown) => {
      failure = error
    })
    return { vectors, use, failure }
  }

  #ask(tenantId: TenantId, texts: readonly string[]) {
    const { signal } = this.#closing
    const { meter, countTokens } = this.#options
    return meter.ask(tenantId, {
      kind: 'embedding',
      model: this.space.name,
      isLocal: this.#embedder.isLocal ?? false,
      estimate: () => ({ inputTokens: texts.reduce((sum, text) => sum + countTokens(text), 0), outputTokens: 0 }),
      ask: (counted) => this.#embedder.embed(texts, { signal, counted }),
    })
  }
}

function isOverLimit(error: unknown): error is CaliberError {
  return error instanceof CaliberError && error.code === 'quota_exceeded'
}
