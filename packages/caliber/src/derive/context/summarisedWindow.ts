/**
 * A window in which what has no room stands in short: the turns that left the history, and items that are too long.
 *
 * What those are shows in the window without them, so it is assembled first. The summaries are the memory's own, maintained
 * as what they were made of changes; a window waits for none that takes long, and then has none at all (docs/adr/0014).
 */
import type { ContextItem, WindowRequest } from '../../domain/context/window.ts'
import type { MemoryView } from '../memoryView.ts'
import { placeOf } from '../scopeMemory.ts'
import type { Near } from '../tenantMemory.ts'
import type { QuestionVectors } from '../vector/vectorSpace.ts'
import { type Assembled, contextWindow, type Instruments } from './contextWindow.ts'
import type { Summaries, WantedSummaries } from './wantedSummaries.ts'

/** A memory, and what is searched for in it, at one moment. */
export interface Moment {
  readonly memory: MemoryView
  readonly vectors: QuestionVectors
  /** Where that was asked of the database. */
  readonly near?: Near | undefined
}

/** While others write, so often is a window begun again before it goes without summaries. */
const mostRounds = 4

interface Waiting {
  /** Wait for summaries as long as whoever asks for one: of a window that had them. */
  readonly isPatient?: boolean
}

/**
 * Assemble a window as {@link contextWindow} does.
 *
 * @param look at the memory: asked again whenever something was waited for, because rights and content are those of one moment
 * @throws CaliberError `budget_too_small`, `not_found`
 */
export async function summarisedWindow(
  request: WindowRequest,
  look: () => Promise<Moment>,
  { isPatient = false, ...instruments }: Omit<Instruments, 'vectors' | 'near' | 'summaries' | 'proposed'> & Waiting,
): Promise<Assembled> {
  let known: Known | undefined
  for (let round = 1; ; round += 1) {
    const { memory, vectors, near } = await look()
    if (known?.seq !== memory.seq) known = undefined
    const assembled = contextWindow(request, memory, {
      ...instruments,
      vectors,
      near,
      proposed: known?.proposed,
      summaries: known?.summaries,
    })
    const isSettled = known !== undefined && isSame(known.wanted, assembled.wanted)
    if (isSettled || isNothing(assembled.wanted) || round === mostRounds) return assembled
    const { wanted, proposed } = assembled
    const { seq } = memory
    known = { seq, wanted, proposed, summaries: await summariesOf(wanted, memory, isPatient) }
    // They may say what came meanwhile.
    if (memory.seq !== seq) known = undefined
  }
}

/** What was found out for a window as of an event. */
interface Known extends Pick<Assembled, 'proposed' | 'wanted'> {
  readonly seq: number
  /** Undefined where one of them is not there. */
  readonly summaries: Summaries | undefined
}

async function summariesOf(
  wanted: WantedSummaries,
  memory: MemoryView,
  isPatient: boolean,
): Promise<Summaries | undefined> {
  const [earlier, ...briefs] = await Promise.all([
    wanted.earlier && earlierItem(wanted.earlier, memory, isPatient),
    ...wanted.briefs.map((id) => briefItem(id, memory, isPatient)),
  ])
  const there = briefs.filter((brief) => brief !== undefined)
  if (earlier === undefined || there.length < briefs.length) return undefined
  return { wanted, earlier, briefs: there }
}

async function earlierItem(
  { scopeId, throughSequence, maxTokens }: NonNullable<WantedSummaries['earlier']>,
  memory: MemoryView,
  isPatient: boolean,
): Promise<ContextItem | null | undefined> {
  const { turns } = memory.scope(scopeId)
  const at = turns[placeOf(turns, throughSequence)]?.at
  const summary = await memory.earlier({ scopeId, throughSequence, maxTokens }, isPatient)
  if (summary === undefined || at === undefined) return undefined
  return summary.text === '' ? null : { ...summary, kind: 'summary', origin: 'summary', role: null, at }
}

async function briefItem(id: string, memory: MemoryView, isPatient: boolean): Promise<ContextItem | undefined> {
  const item = memory.item(id)
  const summary = await memory.brief(id, isPatient)
  if (!item || summary === undefined) return undefined
  const { kind, origin, role, at } = item
  return { id, kind, origin: `${origin}, in short`, role, at, text: summary.text }
}

const isNothing = ({ earlier, briefs }: WantedSummaries) => earlier === null && briefs.length === 0

const isSame = (one: WantedSummaries, other: WantedSummaries) =>
  one.earlier?.throughSequence === other.earlier?.throughSequence
