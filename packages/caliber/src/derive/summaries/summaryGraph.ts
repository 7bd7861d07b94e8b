/**
 * Summaries of what was said, over one tenant's memory: of each scope over its turns, of each trajectory over its scopes.
 *
 * Turns are inputs of a Talos graph, sixteen to a leaf by their sequence, so that a turn that is appended, forgotten or set aside
 * changes one leaf; everything above is derived (summaryTree.ts). Nothing is made before somebody asks, and nothing again whose
 * inputs are the same: not after a restart either, where the model is not local (derivations.ts).
 */
import { type AsyncDerived, asyncDerived, createGraph, type Graph, type Input } from '@caliber/talos'
import { CaliberError } from '../../domain/errors.ts'
import type { RegionId, TenantId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import type { MemoryItem } from '../memoryItem.ts'
import type { TenantMemory } from '../tenantMemory.ts'
import { Joiner, type SummaryParts } from './joiner.ts'
import { type Part, SummaryTree } from './summaryTree.ts'

/** What a summary says as of an event. */
export interface SummaryAnswer {
  readonly text: string
  readonly tokenCount: number
  /** 0..1: the least of the turns that it is made from. */
  readonly trust: number
  readonly eventSeq: number
}

const turnsPerLeaf = 16
/** UTF-16 units of one turn that a model is shown: its beginning, where it is long. */
const shownChars = 8_000

type Block = Input<readonly MemoryItem[]>

interface ScopeTree {
  readonly tree: SummaryTree
  readonly blocks: Block[]
  readonly leaves: Input<number>
}

interface TrajectoryTree {
  readonly tree: SummaryTree
  readonly scopeIds: Input<readonly string[]>
}

export class SummaryGraph {
  readonly #memory: TenantMemory
  readonly #countTokens: SummaryParts['countTokens']
  readonly #joiner: Joiner
  readonly #graph: Graph = createGraph()
  readonly #scopes = new Map<string, ScopeTree>()
  readonly #trajectories = new Map<string, TrajectoryTree>()

  constructor(tenantId: TenantId, memory: TenantMemory, parts: SummaryParts) {
    this.#memory = memory
    this.#countTokens = parts.countTokens
    this.#joiner = new Joiner(tenantId, parts)
  }

  /** Estimate of the octets held. */
  get bytes(): number {
    return this.#joiner.bytes
  }

  /** In how many summaries a text stands. */
  residueOf(words: string | undefined): number {
    return words === undefined ? 0 : this.#joiner.residueOf(words)
  }

  /** Stop what is under way. */
  close(): void {
    this.#joiner.close()
  }

  /** @throws CaliberError `unavailable` while the model is, or when it takes longer than a caller waits; `quota_exceeded` at the tenant's limit */
  ofScope(scopeId: string): Promise<SummaryAnswer> {
    return this.#answer(this.#synced(scopeId).tree, [scopeId])
  }

  /** @throws CaliberError as {@link ofScope} does */
  ofTrajectory(trajectoryId: string): Promise<SummaryAnswer> {
    return this.#answer(this.#trajectory(trajectoryId).tree, this.#memory.scopesOf(trajectoryId))
  }

  async #answer({ top }: SummaryTree, scopeIds: readonly string[]): Promise<SummaryAnswer> {
    const eventSeq = this.#memory.seq
    let trust = 1
    for (const scopeId of scopeIds) {
      for (const turn of this.#memory.scope(scopeId)?.turns ?? []) trust = Math.min(trust, turn.trust)
    }
    const whole = top.get()
    // A failure would be remembered like any other result: whoever asks again begins anew, and finds what is kept.
    whole.catch(() => {
      this.#scopes.clear()
      this.#trajectories.clear()
    })
    const { text } = await withinPatience(whole)
    return { text, tokenCount: this.#countTokens(text), trust, eventSeq }
  }

  #scope(scopeId: string): ScopeTree {
    const held = this.#scopes.get(scopeId) ?? this.#newScope(scopeId)
    this.#scopes.set(scopeId, held)
    return held
  }

  /** The tree of a scope over the turns that are live now. Leaves whose turns are the same hear nothing. */
  #synced(scopeId: string): ScopeTree {
    const held = this.#scope(scopeId)
    const { blocks, leaves } = held
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
    return held
  }

  #newScope(scopeId: string): ScopeTree {
    const blocks: Block[] = []
    const leaves = this.#graph.input(0)
    const nodes = new Map<number, AsyncDerived<Part>>()
    const join = this.#joinIn(`scope/${scopeId}`, () => this.#memory.scope(scopeId)?.regionId)
    const newLeaf = (index: number) =>
      asyncDerived(this.#graph, (t) => {
        const turns = t.get(this.#block(blocks, index)).filter(({ ownText }) => ownText !== '')
        const parts = turns.map((turn) => ({ text: said(turn), sourceIds: [turn.id] }))
        return join(`0/${index}`, parts, t.signal)
      })
    const leaf = (index: number) => {
      const node = nodes.get(index) ?? newLeaf(index)
      nodes.set(index, node)
      return node
    }
    return { tree: new SummaryTree(this.#graph, { leaves, leaf, join }), blocks, leaves }
  }

  #block(blocks: Block[], block: number): Block {
    const input = blocks[block] ?? this.#graph.input<readonly MemoryItem[]>([], { equals: areSame })
    blocks[block] = input
    return input
  }

  /** The tree of a trajectory over those of the scopes that it has now. */
  #trajectory(trajectoryId: string): TrajectoryTree {
    const held = this.#trajectories.get(trajectoryId) ?? this.#newTrajectory(trajectoryId)
    this.#trajectories.set(trajectoryId, held)
    const scopeIds = this.#memory.scopesOf(trajectoryId)
    for (const scopeId of scopeIds) this.#synced(scopeId)
    held.scopeIds.set([...scopeIds])
    return held
  }

  #newTrajectory(trajectoryId: string): TrajectoryTree {
    const scopeIds = this.#graph.input<readonly string[]>([], { equals: areSame })
    const tree = new SummaryTree(this.#graph, {
      leaves: this.#graph.derived(() => scopeIds.get().length),
      // A trajectory gets more scopes and loses none: a place is always the same scope's.
      leaf: (index) => this.#scope(scopeIds.peek()[index] ?? '').tree.top,
      join: this.#joinIn(`trajectory/${trajectoryId}`, () => this.#memory.regionOfTrajectory(trajectoryId)),
    })
    return { tree, scopeIds }
  }

  #joinIn(tree: string, regionOf: () => RegionId | undefined) {
    return async (place: string, parts: readonly Part[], signal: AbortSignal): Promise<Part> => {
      const regionId = regionOf()
      if (regionId === undefined) return { text: '', sourceIds: [] }
      return this.#joiner.join({ regionId, node: `${tree}/${place}` }, parts, signal)
    }
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

function said({ origin, ownText }: MemoryItem): string {
  return `${origin}: ${ownText.slice(0, shownChars)}`.toWellFormed()
}

function blockOf(turn: MemoryItem | undefined): number {
  return Math.floor(((turn?.sequence ?? 1) - 1) / turnsPerLeaf)
}

function areSame<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i])
}
