/** A stored window computed again: what replaying and varying have in common. */
import type { Sql } from '../../db/sql.ts'
import { texts } from '../../db/sql.ts'
import { contextWindow, type Variation } from '../../derive/context/contextWindow.ts'
import { retrieval, searchedFor } from '../../derive/context/sectionSources.ts'
import { lookAround } from '../../derive/lookAround.ts'
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
  vary(request: WindowRequest, variation: Variation): Promise<KeptWindow>
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
  const { request, eventSeq, at, semantic } = kept.receipt
  const changesNow = () => stored((sql) => readChanges(sql, eventSeq))

  const changes = await changesNow()
  // This process may not have heard of them yet, and would answer from a memory that still holds what was forgotten.
  await memory(changes.at(-1)?.seq)
  let held = await memoryAsOf(eventSeq, semantic?.model)
  const words = semantic === undefined || semantic.coverage === 'off' ? undefined : searchedFor(request, held)
  const vectors = words === undefined ? new Map() : await vectorsOf(words, semantic?.model)
  // While the model was asked, a memory that was of that event may have gone on.
  if (held.seq !== eventSeq) held = await memoryAsOf(eventSeq, semantic?.model)
  const windowOf = async (asked: WindowRequest, variation?: Variation) => {
    const looked = lookAround(
      held,
      () => memoryAsOf(eventSeq, semantic?.model),
      (seen) => retrieval({ request: asked, memory: seen, vectors, nowMs: Date.parse(at) }),
    )
    const { held: seen, near } = looked ? await looked : { held, near: undefined }
    held = seen
    return contextWindow(asked, seen, {
      tokenizer: tokenizer.name,
      countTokens: tokenizer.count,
      at: new Date(at),
      vectors,
      near,
      variation,
    }).window
  }

  const window = await windowOf(request)
  if (forgettings(await changesNow()) !== forgettings(changes)) {
    throw new CaliberError('unavailable', 'Something was forgotten meanwhile. Try again.', { windowId })
  }
  return { window, isSame: window.windowId === windowId, changes, vary: windowOf }
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
