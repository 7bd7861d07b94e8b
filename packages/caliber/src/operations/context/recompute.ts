/** A stored window computed again: what replaying and varying have in common. */
import type { Sql } from '../../db/sql.ts'
import { texts } from '../../db/sql.ts'
import { contextWindow, type Variation } from '../../derive/context/contextWindow.ts'
import { retrieval, searchedFor } from '../../derive/context/sectionSources.ts'
import { type Moment, summarisedWindow } from '../../derive/context/summarisedWindow.ts'
import { lookAround } from '../../derive/lookAround.ts'
import type { Near } from '../../derive/tenantMemory.ts'
import type { KeptWindow, WindowRequest } from '../../domain/context/window.ts'
import { CaliberError } from '../../domain/errors.ts'
import type { EventKind } from '../../domain/event.ts'
import { limits } from '../../domain/limits.ts'
import type { RecallContext } from '../operation.ts'

/** An event after a window that a memory of the past does not undo. */
interface Change {
  readonly seq: number
  readonly kind: EventKind
  readonly at: string
}

export interface Recomputed {
  readonly window: KeptWindow
  /** Equal to the stored window, octet by octet. */
  readonly isSame: boolean
  readonly changes: readonly Change[]
  /** The window of a request like the stored one's, from the same memory. */
  /** @param model whose vectors are ranked by instead; null for words alone @throws CaliberError `invalid_input` for one not in use */
  vary(request: WindowRequest, variation: Variation, model?: string | null): Promise<KeptWindow>
}

/**
 * Compute a stored window from the memory as of its event. Writes nothing.
 *
 * @throws CaliberError `not_found` without a record of it; `unavailable` when something is forgotten meanwhile
 */
export async function recompute(context: RecallContext, windowId: string): Promise<Recomputed> {
  const { principal, windows, memory, memoryAsOf, vectorsOf, stored, tokenizer } = context
  const kept = await windows.find(principal, windowId)
  if (!kept) throw noWindow(windowId)
  const { request, eventSeq, at, semantic, summaries } = kept.receipt
  const changesNow = () => stored((sql) => readChanges(sql, eventSeq))

  const before = await changesNow()
  // This process may not have heard of them yet, and would answer from a memory that still holds what was forgotten.
  await memory(before.at(-1)?.seq)
  const momentOf = async (model: string | undefined, isOff: boolean): Promise<Moment> => {
    const seen = await memoryAsOf(eventSeq, model)
    const words = isOff ? undefined : searchedFor(request, seen)
    const vectors = words === undefined ? new Map() : await vectorsOf(words, model)
    // While the model was asked, a memory that was of that event may have gone on.
    return { memory: seen.seq === eventSeq ? seen : await memoryAsOf(eventSeq, model), vectors }
  }
  const windowOf = async (
    asked: WindowRequest,
    { memory: first, vectors }: Moment,
    model: string | undefined,
    variation?: Variation,
  ) => {
    const instruments = { tokenizer, at: new Date(at), variation }
    const again = () => memoryAsOf(eventSeq, model)
    let held = first
    let near: Near | undefined
    const look = async (): Promise<Moment> => {
      // Since it was looked at, while summaries were waited for too, a memory that was of that event may have gone on.
      if (held.seq !== eventSeq) held = await again()
      if (near?.seq !== held.seq) {
        const looked = await lookAround(held, again, (seen) =>
          retrieval({ request: asked, memory: seen, vectors, nowMs: Date.parse(at) }),
        )
        held = looked?.held ?? held
        near = looked?.near
      }
      return { memory: held, vectors, near }
    }
    // What was not there when the window was assembled stays away.
    const assembled =
      summaries?.coverage === 'off'
        ? await look().then((moment) => contextWindow(asked, moment.memory, { ...instruments, ...moment }))
        : await summarisedWindow(asked, look, { ...instruments, isPatient: true })
    return assembled.window
  }

  const moment = await momentOf(semantic?.model, semantic === undefined || semantic.coverage === 'off')
  const window = await windowOf(request, moment, semantic?.model)
  // What came meanwhile may be why it differs.
  const changes = await changesNow()
  if (forgettings(changes) !== forgettings(before)) {
    throw new CaliberError('unavailable', 'Something was forgotten meanwhile. Try again.', { windowId })
  }
  const vary: Recomputed['vary'] = async (asked, variation, model) => {
    const ranked = model ?? semantic?.model
    const other = model === undefined ? moment : await momentOf(ranked, model === null)
    if (typeof model === 'string' && other.memory.spaces[0] !== model) throw notInUse(model, other.memory.spaces)
    return windowOf(asked, other, ranked, variation)
  }
  return { window, isSame: window.windowId === windowId, changes, vary }
}

function notInUse(model: string, spaces: readonly string[]): CaliberError {
  const inUse = spaces.length === 0 ? 'None is configured' : `Memory is ranked by ${spaces.join(', ')}`
  return new CaliberError('invalid_input', `The embedding model ${model} is not in use. ${inUse}; see memory.status.`, {
    model,
  })
}

export function noWindow(windowId: string): CaliberError {
  return new CaliberError(
    'not_found',
    `There is no window ${windowId}. Receipts are kept for ${limits.windowRetentionDays} days, and until something that they show is forgotten; assemble it again.`,
    { windowId },
  )
}

const lasting: readonly EventKind[] = [
  'memory.forgotten',
  'memory.revoked',
  'memory.restored',
  'region.granted',
  'region.revoked',
]
const mostChanges = 1_000

function readChanges(sql: Sql, eventSeq: number): Promise<readonly Change[]> {
  return sql<Change>`
    select seq, kind, at from caliber.event
    where tenant_id = caliber.current_tenant() and seq > ${eventSeq} and kind = any(${texts(lasting)})
    order by seq desc limit ${mostChanges}`.then((rows) => rows.toReversed())
}

const forgettings = (changes: readonly Change[]) =>
  changes
    .filter(({ kind }) => kind === 'memory.forgotten')
    .map(({ seq }) => seq)
    .at(-1)
