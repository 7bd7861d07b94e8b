/**
 * Summaries of what was said, over one tenant's memory: of each scope over its turns, of each trajectory over its scopes.
 *
 * Turns are inputs of a Talos graph, sixteen to a leaf by their sequence, so that a turn that is appended, forgotten or set aside
 * changes one leaf; everything above is derived (summaryTree.ts). Nothing is made before somebody asks, and nothing again whose
 * inputs are the same: not after a restart either, where the model is not local (derivations.ts).
 */
import { createHash } from 'node:crypto'
import { type AsyncDerived, asyncDerived, createGraph, Gate, type Graph, type Input } from '@caliber/talos'
import { CaliberError } from '../../domain/errors.ts'
import type { TenantId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import type { Summariser } from '../../models/summariser.ts'
import type { MemoryItem, TenantMemory } from '../tenantMemory.ts'
import type { Derivations } from './derivations.ts'
import { type Part, SummaryTree } from './summaryTree.ts'

export interface SummaryParts {
  readonly summariser: Summariser
  readonly derivations: Derivations
  countTokens(text: string): number
}

/** What a summary says as of an event. */
export interface SummaryAnswer {
  readonly text: string
  readonly tokenCount: number
  readonly eventSeq: number
}

/** Part of every action: change it with the code that makes summaries. */
const version = 1
const turnsPerLeaf = 16
/** UTF-16 units of one turn that a model is shown: its beginning, where it is long. */
const shownChars = 8_000
/** Longer texts are not counted: hardly a text has more characters to a token, and those may be summarised. */
const mostTokenChars = 16
/** Calls of the model at once, for one tenant. */
const callsAtOnce = 4
/** Rough octets of a node: its summary, its edges, its record. */
const nodeBytes = 4_000

interface ScopeSummary {
  readonly tree: SummaryTree
  readonly blocks: Input<readonly MemoryItem[]>[]
  readonly leaves: Input<number>
}

export class SummaryGraph {
  readonly #tenantId: TenantId
  readonly #memory: TenantMemory
  readonly #parts: SummaryParts
  readonly #graph: Graph = createGraph()
  readonly #gate = new Gate(callsAtOnce)
  readonly #closing = new AbortController()
  readonly #scopes = new Map<string, ScopeSummary>()
  readonly #trajectories = new Map<string, { readonly tree: SummaryTree; readonly scopes: Input<readonly string[]> }>()
  /** Of each value, how it was made last. */
  readonly #made = new Map<string, { readonly action: string; readonly text: string }>()
  /** Values whose making failed: to be tried again by whoever asks next. */
  readonly #failed = new Set<AsyncDerived<Part>>()

  constructor(tenantId: TenantId, memory: TenantMemory, parts: SummaryParts) {
    this.#tenantId = tenantId
    this.#memory = memory
    this.#parts = parts
  }

  /** Estimate of the octets held. */
  get bytes(): number {
    return this.#made.size * nodeBytes
  }

  /** @throws CaliberError `unavailable` while the model is, or when it takes longer than a caller waits */
  ofScope(scopeId: string): Promise<SummaryAnswer> {
    this.#syncScope(scopeId)
    return this.#answer(this.#scope(scopeId).tree.top)
  }

  /** @throws CaliberError as {@link ofScope} does */
  ofTrajectory(trajectoryId: string): Promise<SummaryAnswer> {
    const scopeIds = this.#memory.scopesOf(trajectoryId)
    for (const scopeId of scopeIds) this.#syncScope(scopeId)
    const { tree, scopes } = this.#trajectory(trajectoryId)
    scopes.set(scopeIds)
    return this.#answer(tree.top)
  }

  /** In how many summaries a text stands. */
  residueOf(words: string | undefined): number {
    if (words === undefined) return 0
    return [...this.#made.values()].filter(({ text }) => text.includes(words)).length
  }

  /** Stop what is under way. */
  close(): void {
    this.#closing.abort()
  }

  async #answer(top: AsyncDerived<Part>): Promise<SummaryAnswer> {
    const eventSeq = this.#memory.seq
    for (const node of this.#failed) node.refresh()
    this.#failed.clear()
    const { text } = await withinPatience(top.get())
    return { text, tokenCount: this.#parts.countTokens(text), eventSeq }
  }

  /** Tell the graph which turns of a scope are live now. Leaves whose turns are the same hear nothing. */
  #syncScope(scopeId: string): void {
    const { blocks, leaves } = this.#scope(scopeId)
    const turns = this.#memory.scope(scopeId)?.turns ?? []
    this.#graph.batch(() => {
      let at = 0
      for (let block = 0; at < turns.length || block < blocks.length; block += 1) {
        const from = at
        while (at < turns.length && blockOf(turns[at]) === block) at += 1
        this.#block(blocks, block).set(turns.slice(from, at))
      }
      leaves.set(blocks.length)
    })
  }

  #block(blocks: Input<readonly MemoryItem[]>[], block: number): Input<readonly MemoryItem[]> {
    const input = blocks[block] ?? this.#graph.input<readonly MemoryItem[]>([], { equals: areSame })
    blocks[block] = input
    return input
  }

  #scope(scopeId: string): ScopeSummary {
    const known = this.#scopes.get(scopeId)
    if (known) return known
    const blocks: Input<readonly MemoryItem[]>[] = []
    const leaves = this.#graph.input(0)
    const leafNodes = new Map<number, AsyncDerived<Part>>()
    const leaf = (index: number) => {
      const node: AsyncDerived<Part> =
        leafNodes.get(index) ??
        asyncDerived(this.#graph, async (t) => {
          const parts = t.get(this.#block(blocks, index)).map((item) => ({ text: said(item), sourceIds: [item.id] }))
          return this.#join(scopeId, `scope/${scopeId}/0/${index}`, parts, t.signal, node)
        })
      leafNodes.set(index, node)
      return node
    }
    const tree: SummaryTree = new SummaryTree(this.#graph, {
      leaves,
      leaf,
      join: (place, parts, signal, node) => this.#join(scopeId, `scope/${scopeId}/${place}`, parts, signal, node),
    })
    const made = { tree, blocks, leaves }
    this.#scopes.set(scopeId, made)
    return made
  }

  #trajectory(trajectoryId: string) {
    const known = this.#trajectories.get(trajectoryId)
    if (known) return known
    const scopes = this.#graph.input<readonly string[]>([], { equals: areSame })
    const tree = new SummaryTree(this.#graph, {
      leaves: this.#graph.derived(() => scopes.get().length),
      leaf: (index) => this.#scope(scopes.peek()[index] ?? '').tree.top,
      join: (place, parts, signal, node) =>
        this.#join(
          this.#memory.scopesOf(trajectoryId)[0] ?? '',
          `trajectory/${trajectoryId}/${place}`,
          parts,
          signal,
          node,
        ),
    })
    const made = { tree, scopes }
    this.#trajectories.set(trajectoryId, made)
    return made
  }

  async #join(
    scopeId: string,
    place: string,
    parts: readonly Part[],
    signal: AbortSignal,
    node: AsyncDerived<Part>,
  ): Promise<Part> {
    try {
      return await this.#joined(scopeId, place, parts, AbortSignal.any([signal, this.#closing.signal]))
    } catch (error) {
      this.#failed.add(node)
      // Whoever asked for a summary has sent the model nothing.
      if (error instanceof CaliberError && error.code === 'invalid_input') {
        throw new CaliberError('unavailable', error.message, error.detail)
      }
      throw error
    }
  }

  async #joined(scopeId: string, place: string, parts: readonly Part[], signal: AbortSignal): Promise<Part> {
    const { summariser, derivations, countTokens } = this.#parts
    const texts = parts.map(({ text }) => text)
    const whole = texts.join('\n')
    // Sources of what is not kept are its own sources.
    const sourceIds = parts.flatMap((part) => part.sourceIds)
    const maxTokens = limits.summaryTokens
    if (whole.length <= maxTokens * mostTokenChars && countTokens(whole) <= maxTokens) return { text: whole, sourceIds }
    const regionId = this.#memory.scope(scopeId)?.regionId
    if (regionId === undefined) return { text: '', sourceIds: [] }

    const action = actionOf([version, summariser.name, maxTokens, regionId, texts])
    const known = this.#made.get(place)
    const make = async () =>
      known?.action === action
        ? { text: known.text, inputTokens: 0, outputTokens: 0 }
        : this.#gate.run(() => summariser.summarise(texts, { maxTokens, signal }))
    const id = idOf(place)
    const text = summariser.isLocal
      ? (await make()).text
      : await derivations.obtain(
          this.#tenantId,
          { id, regionId, action, model: summariser.name, sourceIds, signal },
          make,
        )
    this.#made.set(place, { action, text })
    return { text, sourceIds: summariser.isLocal ? [] : [id] }
  }
}

/** Longer than most models take, and less than clients wait. What is under way goes on: whoever asks again may find it. */
async function withinPatience<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new CaliberError('unavailable', 'The summary is still being made. Ask again in a moment.'))
    }, limits.summaryWaitMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function said({ origin, text }: MemoryItem): string {
  return `${origin}: ${text.slice(0, shownChars)}`.toWellFormed()
}

function blockOf(turn: MemoryItem | undefined): number {
  return Math.floor(((turn?.sequence ?? 1) - 1) / turnsPerLeaf)
}

function areSame<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i])
}

function actionOf(how: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(how)).digest('hex')
}

/** A UUID (version 8, RFC 9562) that says what a value is. */
function idOf(place: string): string {
  const hex = createHash('sha256').update(place).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
