/**
 * The memories of all tenants that this process has been asked about: loaded on demand, kept up to date, the least
 * recently used dropped when they grow beyond a cap.
 *
 * A read is answered at a stated freshness: it has seen every event that this process committed or was told of by a
 * ring of the doorbell, and `atLeastSeq` where the caller names one. A lost ring costs latency only: a memory that
 * was not compared with the log for `pollMs` is compared before it answers.
 */
import type { Validation } from '../db/intact.ts'
import type { Sessions } from '../db/session.ts'
import { CaliberError } from '../domain/errors.ts'
import type { TenantId } from '../domain/ids.ts'
import type { Principal } from '../domain/principal.ts'
import type { Embeddings } from './embeddings/embeddings.ts'
import { catchUp } from './feed.ts'
import { MemoryView } from './memoryView.ts'
import type { SummaryParts } from './summaries/joiner.ts'
import { SummaryGraph } from './summaries/summaryGraph.ts'
import { TenantMemory } from './tenantMemory.ts'
import type { StoredVectors } from './vector/storedVectors.ts'

export interface MemoriesOptions {
  /** Octets of all memories together, by their own estimate. One tenant alone may exceed it. */
  readonly maxBytes: number
  /** Longest time a memory answers without looking at the log. */
  readonly pollMs: number
  readonly validation: Validation
  /** What gives items their vectors: of the model and of the one before it, or of none. */
  readonly embeddings: readonly Embeddings[]
  /** Vectors in the database, for memories that would be too large with them. Undefined where it cannot compare them. */
  readonly storedVectors?: StoredVectors | undefined
  readonly summaries: SummaryParts
  now(): Date
}

/** Memories of the past that may be waited for at once: each takes as long as a first read. */
const mostPasts = 8

interface Entry {
  readonly memory: TenantMemory
  /** Over that memory. Another one after a forgetting: what is kept of it in the database is found again. */
  summaries: SummaryGraph
  /** The newest event known to exist. */
  headSeq: number
  checkedAtMs: number
  /** The catch-up under way; readers share it. */
  loading: Promise<void> | undefined
}

export class Memories {
  // Insertion order is order of use: `at` moves an entry to the end.
  readonly #entries = new Map<TenantId, Entry>()
  readonly #sessions: Sessions
  readonly #options: MemoriesOptions
  #pasts = 0
  #lastPast: Promise<unknown> = Promise.resolve()

  constructor(sessions: Sessions, options: MemoriesOptions) {
    this.#sessions = sessions
    this.#options = options
  }

  /**
   * The spaces that a question needs its vectors in.
   *
   * @param model the only one, if it is one of those in use; else the current one
   */
  spacesOf(tenantId: TenantId, model?: string): readonly string[] {
    const inUse = this.#options.embeddings.map(({ space }) => space.name)
    if (model === undefined) return this.#entries.get(tenantId)?.memory.spaces ?? inUse
    return inUse.includes(model) ? [model] : inUse.slice(0, 1)
  }

  /** Say that a tenant's log has an entry `seq`. */
  grown(tenantId: TenantId, seq: number): void {
    const entry = this.#entries.get(tenantId)
    if (entry) entry.headSeq = Math.max(entry.headSeq, seq)
  }

  /**
   * What a principal may read of its tenant's memory, fresh as the header says.
   *
   * @throws CaliberError `unavailable` when the log has no event `atLeastSeq` yet
   */
  async at(principal: Principal, atLeastSeq = 0): Promise<MemoryView> {
    const entry = this.#use(principal.tenantId)
    const stale = () =>
      entry.memory.seq < Math.max(entry.headSeq, atLeastSeq) ||
      this.#options.now().getTime() - entry.checkedAtMs > this.#options.pollMs
    // A catch-up that was under way may have begun before the event we need: look once more after it.
    if (entry.loading) await entry.loading
    if (stale()) await this.#catchUp(principal, entry)
    if (entry.memory.seq < atLeastSeq) {
      throw new CaliberError(
        'unavailable',
        `Event ${atLeastSeq} is not in the log yet; the newest is ${entry.memory.seq}. Try again in a moment.`,
        { atLeastSeq, seq: entry.memory.seq },
      )
    }
    return this.#viewOf(entry.memory, principal, entry.summaries)
  }

  /**
   * What a principal may read of its tenant's memory as it was at an event. What was forgotten since is not in it, what
   * is in quarantine now stays there, and rights are those of now.
   *
   * Where the memory has gone on since, or to another model, the log is folded anew up to there, which takes the time and
   * the octets of a first read: one at a time, and kept no longer than its reader keeps it, so that what is forgotten next
   * stays nowhere.
   *
   * @param model whose vectors it has, as {@link spacesOf} says
   * @throws CaliberError `unavailable` when too many are waited for, or the log has no event `seq` yet
   */
  async asOf(principal: Principal, seq: number, model?: string): Promise<MemoryView> {
    const current = await this.at(principal, seq)
    // The space of a previous model may leave the present memory at any moment.
    const [wanted] = this.spacesOf(principal.tenantId, model)
    if (current.seq === seq && wanted === current.spaces[0]) return current
    if (this.#pasts >= mostPasts) {
      throw new CaliberError(
        'unavailable',
        `${mostPasts} readers wait for memories of the past. Try again in a moment.`,
      )
    }
    this.#pasts += 1
    const past = this.#lastPast
      .then(() => this.#fold(principal, seq, model))
      .finally(() => {
        this.#pasts -= 1
      })
    const settled = () => undefined
    this.#lastPast = past.then(settled, settled)
    const memory = await past
    return this.#viewOf(memory, principal, this.#summariesOf(principal.tenantId, memory, true))
  }

  /** Stop what is being made. */
  close(): void {
    for (const tenantId of this.#entries.keys()) this.#drop(tenantId)
  }

  #viewOf(memory: TenantMemory, principal: Principal, summaries: SummaryGraph): MemoryView {
    const { storedVectors } = this.#options
    const { tenantId, principalId, regions } = principal
    const claims = { tenantId, principalId, reach: regions ?? 'own' } as const
    return new MemoryView(memory, principal, {
      summaries,
      ...(storedVectors && { compare: (comparison) => storedVectors.compare(claims, comparison) }),
    })
  }

  async #fold({ tenantId, principalId }: Principal, seq: number, model: string | undefined): Promise<TenantMemory> {
    const [wanted] = this.spacesOf(tenantId, model)
    const embeddings = this.#options.embeddings.find(({ space }) => space.name === wanted)
    const memory = new TenantMemory(tenantId, embeddings?.space)
    await catchUp(this.#sessions, { tenantId, principalId }, memory, this.#options.validation, seq)
    await embeddings?.fillFromStore(tenantId, memory)
    return memory
  }

  #use(tenantId: TenantId): Entry {
    const entry = this.#entries.get(tenantId) ?? this.#newEntry(tenantId)
    this.#entries.delete(tenantId)
    this.#entries.set(tenantId, entry)
    return entry
  }

  #newEntry(tenantId: TenantId): Entry {
    const memory = new TenantMemory(tenantId, this.#options.embeddings[0]?.space)
    const summaries = this.#summariesOf(tenantId, memory)
    return { memory, summaries, headSeq: 0, checkedAtMs: Number.NEGATIVE_INFINITY, loading: undefined }
  }

  #summariesOf(tenantId: TenantId, memory: TenantMemory, isPast = false): SummaryGraph {
    const { summaries, now } = this.#options
    return new SummaryGraph(tenantId, memory, { ...summaries, isPast, now })
  }

  async #catchUp({ tenantId, principalId }: Principal, entry: Entry): Promise<void> {
    entry.loading ??= (async () => {
      const startedMs = this.#options.now().getTime()
      const { forgettings } = entry.memory
      try {
        if (entry.memory.seq === 0) await this.#beginWithPrevious(tenantId, entry.memory)
        await catchUp(this.#sessions, { tenantId, principalId }, entry.memory, this.#options.validation)
        entry.checkedAtMs = startedMs
        if (entry.memory.forgettings !== forgettings) {
          entry.summaries.close()
          entry.summaries = this.#summariesOf(tenantId, entry.memory)
        }
        for (const embeddings of this.#options.embeddings) embeddings.follow(tenantId, entry.memory)
      } catch (error) {
        // The database may come back; a memory that failed half-way through an event is thrown away.
        if (!(error instanceof CaliberError)) this.#drop(tenantId)
        throw error
      } finally {
        entry.loading = undefined
      }
      this.#evict()
    })()
    await entry.loading
  }

  /** Where a change of the model is under way, the vectors of the one before serve until it is complete. */
  async #beginWithPrevious(tenantId: TenantId, memory: TenantMemory): Promise<void> {
    const [current, previous] = this.#options.embeddings
    if (current && previous && (await previous.kept(tenantId)) > (await current.kept(tenantId))) {
      memory.addPreviousSpace(previous.space)
    }
  }

  #evict(): void {
    const bytesOf = ({ memory, summaries }: Entry) => memory.bytes + summaries.bytes
    let heldBytes = [...this.#entries.values()].reduce((sum, entry) => sum + bytesOf(entry), 0)
    for (const [tenantId, entry] of this.#entries) {
      if (heldBytes <= this.#options.maxBytes || this.#entries.size === 1) return
      if (entry.loading) continue
      this.#drop(tenantId)
      heldBytes -= bytesOf(entry)
    }
  }

  #drop(tenantId: TenantId): void {
    this.#entries.get(tenantId)?.summaries.close()
    this.#entries.delete(tenantId)
    for (const embeddings of this.#options.embeddings) embeddings.leave(tenantId)
  }
}
