/**
 * Summaries of what was said, over one tenant's memory: of each scope over its turns, of each trajectory over its scopes, and of
 * each region over its trajectories: what recurs in them.
 *
 * Turns are inputs of a Talos graph, sixteen to a leaf by their sequence, so that a turn that is appended, forgotten or set aside
 * changes one leaf; everything above is derived (summaryTree.ts). Nothing is made before somebody asks, and nothing again whose
 * inputs are the same: not after a restart either, where the model is not local (derivations.ts).
 *
 * Whoever asks for a summary waits for it. A window does not: what is not there soon is made behind it.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { type AsyncDerived, asyncDerived, createGraph, type Graph, type Input } from '@caliber/talos'
import { CaliberError } from '../../domain/errors.ts'
import type { RegionId, TenantId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import { isRefusal } from '../../models/refusal.ts'
import type { SummaryKind } from '../../models/summariser.ts'
import type { MemoryItem } from '../memoryItem.ts'
import { placeOf } from '../scopeMemory.ts'
import type { TenantMemory } from '../tenantMemory.ts'
import { idOf, Joiner, type SummaryParts } from './joiner.ts'
import { nothing, type Part, SummaryTree } from './summaryTree.ts'

/** What a summary says as of an event. */
export interface SummaryAnswer {
  readonly text: string
  readonly tokenCount: number
  /** 0..1: the least of the turns that it is made from. */
  readonly trust: number
  readonly eventSeq: number
}

/** What stands for something longer. */
export interface InShort {
  readonly id: string
  /** Empty where nothing was said. */
  readonly text: string
}

/** The first turns of a scope, and how long they may be in short. */
export interface EarlierTurns {
  readonly scopeId: string
  /** The last of those turns. */
  readonly throughSequence: number
  readonly maxTokens: number
}

export interface SummaryGraphOptions extends SummaryParts {
  /** Over a memory of the past: nothing is asked of a model for it. */
  readonly isPast?: boolean
  now(): Date
}

const turnsPerLeaf = 16
/** Leaves that a window waits for where they are made here: some milliseconds each. */
const mostLeavesAwaited = 16
/** How long it waits where a model makes them. */
const modelPatienceMs = 200
/** After a failure, how long windows go without. */
const quietMs = 30_000
/** UTF-16 units of one turn that a model is shown: its beginning, where it is long. */
const shownChars = 8_000
/** The same of one item that is made short: as much as of a full leaf. */
const shownItemChars = shownChars * turnsPerLeaf

/** What a window asks for. */
interface Wanted {
  readonly node: string
  /** It is made soon where it is made here. */
  readonly isLittle: boolean
  readonly isPatient: boolean
}

type Block = Input<readonly MemoryItem[]>

interface ScopeTree {
  readonly tree: SummaryTree
  readonly blocks: Block[]
  readonly leaves: Input<number>
  /** Leaves that have been made once. */
  readonly made: Set<number>
  /** What the leaves are of: so many turns, and how often those before the last were others. */
  turns: number
  rewrites: number
}

interface TrajectoryTree {
  readonly tree: SummaryTree
  readonly scopeIds: Input<readonly string[]>
}

interface RegionTree {
  readonly tree: SummaryTree
  readonly trajectories: Input<number>
}

export class SummaryGraph {
  readonly #memory: TenantMemory
  readonly #options: SummaryGraphOptions
  readonly #joiner: Joiner
  readonly #graph: Graph = createGraph()
  readonly #scopes = new Map<string, ScopeTree>()
  readonly #trajectories = new Map<string, TrajectoryTree>()
  readonly #regions = new Map<RegionId, RegionTree>()
  /** What windows have asked for and is not there yet. */
  readonly #underWay = new Map<string, Promise<InShort>>()
  #quietUntilMs = Number.NEGATIVE_INFINITY
  /** The same of single nodes, in which something stands that the model refuses. */
  readonly #refusedUntilMs = new Map<string, number>()

  constructor(tenantId: TenantId, memory: TenantMemory, options: SummaryGraphOptions) {
    this.#memory = memory
    this.#options = options
    this.#joiner = new Joiner(tenantId, options, options.isPast ?? false)
  }

  /** What makes the summaries. */
  get model(): string {
    return this.#options.summariser.name
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
    return this.#answer(this.#syncedTrajectory(trajectoryId).tree, this.#memory.scopesOf(trajectoryId))
  }

  /** What recurs over the trajectories of a region. @throws CaliberError as {@link ofScope} does */
  ofRegion(regionId: RegionId): Promise<SummaryAnswer> {
    const trajectoryIds = this.#memory.trajectoriesOf(regionId)
    const scopeIds = trajectoryIds.flatMap((id) => this.#memory.scopesOf(id))
    return this.#answer(this.#region(regionId).tree, scopeIds)
  }

  /**
   * The first turns of a scope in short, for a window that has no room for them.
   *
   * @param isPatient wait for it as {@link ofScope} does
   * @returns undefined where a window does not wait for it; it is there the next time, unless its model is away
   */
  async earlier(
    { scopeId, throughSequence, maxTokens }: EarlierTurns,
    isPatient: boolean,
  ): Promise<InShort | undefined> {
    const scope = this.#memory.scope(scopeId)
    if (!scope) return undefined
    const { regionId, turns } = scope
    const { tree, made } = this.#synced(scopeId)
    const leaves = Math.floor(throughSequence / turnsPerLeaf)
    let lacking = 0
    for (let leaf = 0; leaf < leaves; leaf += 1) if (!made.has(leaf)) lacking += 1
    const loose = turns
      .slice(placeOf(turns, leaves * turnsPerLeaf + 1))
      .filter((turn) => blockOf(turn) >= leaves && (turn.sequence ?? 0) <= throughSequence)
    const node = `scope/${scopeId}/before/${throughSequence}/${maxTokens}`
    return this.#soon({ node, isLittle: lacking <= mostLeavesAwaited, isPatient }, async () => {
      const parts = await Promise.all(tree.first(leaves).map((each) => each.get()))
      const whole = [...parts, ...partsOf(loose)].filter(({ text }) => text !== '')
      return this.#joiner.join({ regionId, node, maxTokens, isForWindow: true }, whole, never)
    })
  }

  /** An item in short. @returns as {@link earlier} does */
  async brief({ id, text, regionId }: MemoryItem, isPatient: boolean): Promise<InShort | undefined> {
    const node = `item/${id}`
    const part = { text: text.slice(0, shownItemChars).toWellFormed(), sources: [{ id }] }
    return this.#soon({ node, isLittle: true, isPatient }, () =>
      this.#joiner.join({ regionId, node, isForWindow: true }, [part], never),
    )
  }

  /** What a window gets of what is made for it. */
  async #soon({ node, isLittle, isPatient }: Wanted, make: () => Promise<Part>): Promise<InShort | undefined> {
    const { summariser, isPast = false, now } = this.#options
    const quietUntilMs = Math.max(this.#quietUntilMs, this.#refusedUntilMs.get(node) ?? 0)
    if (!isPatient && now().getTime() < quietUntilMs) return undefined
    // As of now: a summary of what was there before is none of this.
    const key = `${node} ${this.#memory.seq}`
    const underWay = this.#underWay.get(key) ?? make().then(({ text }) => ({ id: idOf(node), text }))
    this.#underWay.set(key, underWay)
    const soon = underWay
      .catch((error: unknown) => {
        this.#beginAnew()
        this.#goWithout(node, error)
        return undefined
      })
      .finally(() => this.#underWay.delete(key))
    if (isPast || isPatient) return withinPatience(soon).catch(() => undefined)
    if (summariser.isLocal) return isLittle ? soon : undefined
    return Promise.race([soon, wait(modelPatienceMs, undefined, { ref: false })])
  }

  /** For a while: whatever is refused, everything else is there as before. */
  #goWithout(node: string, error: unknown): void {
    const nowMs = this.#options.now().getTime()
    if (!(error instanceof CaliberError && isRefusal(error.cause))) {
      this.#quietUntilMs = nowMs + quietMs
      return
    }
    for (const [refused, untilMs] of this.#refusedUntilMs) if (untilMs <= nowMs) this.#refusedUntilMs.delete(refused)
    this.#refusedUntilMs.set(node, nowMs + quietMs)
  }

  /** A failure would be remembered like any other result: whoever asks again finds what is kept. */
  #beginAnew(): void {
    this.#scopes.clear()
    this.#trajectories.clear()
    this.#regions.clear()
  }

  async #answer({ top }: SummaryTree, scopeIds: readonly string[]): Promise<SummaryAnswer> {
    const eventSeq = this.#memory.seq
    let trust = 1
    for (const scopeId of scopeIds) {
      for (const turn of this.#memory.scope(scopeId)?.turns ?? []) trust = Math.min(trust, turn.trust)
    }
    const whole = top.get()
    whole.catch(() => this.#beginAnew())
    const { text } = await withinPatience(whole)
    return { text, tokenCount: this.#options.tokenizer.count(text), trust, eventSeq }
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
    const { turns, rewrites } = this.#memory.scope(scopeId) ?? { turns: [], rewrites: 0 }
    // Turns that were only added leave the full leaves as they are.
    const first = rewrites === held.rewrites && held.turns > 0 ? blockOf(turns[held.turns - 1]) : 0
    this.#graph.batch(() => {
      let at = first === 0 ? 0 : placeOf(turns, first * turnsPerLeaf + 1)
      for (let block = first; at < turns.length || block < blocks.length; block += 1) {
        const from = at
        while (at < turns.length && blockOf(turns[at]) === block) at += 1
        this.#block(blocks, block).set(turns.slice(from, at))
      }
      leaves.set(blocks.length)
    })
    held.turns = turns.length
    held.rewrites = rewrites
    return held
  }

  #newScope(scopeId: string): ScopeTree {
    const blocks: Block[] = []
    const leaves = this.#graph.input(0)
    const made = new Set<number>()
    const nodes = new Map<number, AsyncDerived<Part>>()
    const join = this.#joinIn(`scope/${scopeId}`, () => this.#memory.scope(scopeId)?.regionId)
    const newLeaf = (index: number) =>
      asyncDerived(this.#graph, async (t) => {
        const leaf = await join(`0/${index}`, partsOf(t.get(this.#block(blocks, index))), t.signal)
        made.add(index)
        return leaf
      })
    const leaf = (index: number) => {
      const node = nodes.get(index) ?? newLeaf(index)
      nodes.set(index, node)
      return node
    }
    return { tree: new SummaryTree(this.#graph, { leaves, leaf, join }), blocks, leaves, made, turns: 0, rewrites: 0 }
  }

  #block(blocks: Block[], block: number): Block {
    const input = blocks[block] ?? this.#graph.input<readonly MemoryItem[]>([], { equals: areSame })
    blocks[block] = input
    return input
  }

  #trajectory(trajectoryId: string): TrajectoryTree {
    const held = this.#trajectories.get(trajectoryId) ?? this.#newTrajectory(trajectoryId)
    this.#trajectories.set(trajectoryId, held)
    return held
  }

  /** The tree of a trajectory over those of the scopes that it has now. */
  #syncedTrajectory(trajectoryId: string): TrajectoryTree {
    const held = this.#trajectory(trajectoryId)
    const scopeIds = this.#memory.scopesOf(trajectoryId)
    for (const scopeId of scopeIds) this.#synced(scopeId)
    held.scopeIds.set([...scopeIds])
    return held
  }

  #newTrajectory(trajectoryId: string): TrajectoryTree {
    const scopeIds = this.#graph.input<readonly string[]>([], { equals: areSame })
    const tree = new SummaryTree(this.#graph, {
      leaves: this.#graph.derived(() => scopeIds.get().length),
      // A trajectory gets more scopes and loses none, a region more trajectories: a place is always the same one's.
      leaf: (index) => this.#scope(scopeIds.peek()[index] ?? '').tree.top,
      join: this.#joinIn(`trajectory/${trajectoryId}`, () => this.#memory.regionOfTrajectory(trajectoryId)),
    })
    return { tree, scopeIds }
  }

  /** The tree of a region over those of the trajectories that it has now. */
  #region(regionId: RegionId): RegionTree {
    const held = this.#regions.get(regionId) ?? this.#newRegion(regionId)
    this.#regions.set(regionId, held)
    const ids = this.#memory.trajectoriesOf(regionId)
    for (const id of ids) this.#syncedTrajectory(id)
    held.trajectories.set(ids.length)
    return held
  }

  #newRegion(regionId: RegionId): RegionTree {
    const trajectories = this.#graph.input(0)
    const tree = new SummaryTree(this.#graph, {
      leaves: trajectories,
      leaf: (index) => this.#trajectory(this.#memory.trajectoriesOf(regionId)[index] ?? '').tree.top,
      join: this.#joinIn(`region/${regionId}`, () => regionId, 'principles'),
    })
    return { tree, trajectories }
  }

  #joinIn(tree: string, regionOf: () => RegionId | undefined, kind?: SummaryKind) {
    return async (place: string, parts: readonly Part[], signal: AbortSignal): Promise<Part> => {
      const regionId = regionOf()
      if (regionId === undefined) return nothing
      return this.#joiner.join({ regionId, node: `${tree}/${place}`, kind }, parts, signal)
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

const never = new AbortController().signal

function partsOf(turns: readonly MemoryItem[]): readonly Part[] {
  return turns.filter(({ ownText }) => ownText !== '').map((turn) => ({ text: said(turn), sources: [{ id: turn.id }] }))
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
