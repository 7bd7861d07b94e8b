/**
 * Effects: the sinks that make a graph observed.
 *
 * An effect runs once when created and again after each batch in which a value it read really
 * changed. Effects created while it runs belong to it and go with its next run. It may write: the
 * writes become one further round after it ends (SPEC O4).
 */
import { TalosError } from './errors.ts'
import { unlink } from './links.ts'
import { mark } from './mark.ts'
import {
  type Compute,
  DISPOSED,
  type EffectRecord,
  EMPTY,
  FORCE,
  labelOf,
  type Node,
  RUNNING,
  recordOf,
  STALE,
} from './node.ts'
import { enter, leave } from './run.ts'
import type { State } from './state.ts'
import { abandonTrace, commitTrace } from './trace.ts'

/** Runs of one effect within one flush before it is called a loop. */
const MAX_RUNS_PER_FLUSH = 100

export function runEffect(state: State, effect: Node): void {
  guardRunaway(state, effect)
  effect.flags &= ~(STALE | FORCE)
  if (effect.value !== undefined) endLastRun(state, effect)
  if ((effect.flags & DISPOSED) !== 0) return

  const { consumer, runId, cursor, depth, baseDepth, owner, clock } = state
  const base = state.readsTop
  effect.flags |= RUNNING
  state.consumer = effect
  state.owner = effect
  state.runId = ++state.lastRun
  state.cursor = 0
  enter(state, effect)
  state.baseDepth = state.depth
  try {
    const result = (effect.fn as Compute)(undefined)
    if (typeof result === 'function') recordOf(effect).cleanup = result as () => void
  } finally {
    leave(state, depth)
    effect.flags &= ~RUNNING
    if ((effect.flags & DISPOSED) !== 0) abandonTrace(state, base)
    else commitTrace(state, effect, base)
    state.consumer = consumer
    state.owner = owner
    state.runId = runId
    state.cursor = cursor
    state.baseDepth = baseDepth
    effect.verifiedAt = clock
    state.effectCount++
    if ((effect.flags & DISPOSED) !== 0) endLastRun(state, effect)
    // It wrote something: what it read before the write may be out of date.
    else if (state.clock !== clock) mark(state, effect)
  }
}

export function disposeEffect(state: State, effect: Node): void {
  if ((effect.flags & DISPOSED) !== 0) return
  effect.flags |= DISPOSED
  unlink(effect)
  effect.trace = EMPTY
  if ((effect.flags & RUNNING) === 0) endLastRun(state, effect)
}

/** Dispose owned effects and call the cleanup, untracked. */
function endLastRun(state: State, effect: Node): void {
  const record = effect.value as EffectRecord | undefined
  if (record === undefined) return
  const { owned, cleanup } = record
  record.owned = undefined
  record.cleanup = undefined
  if (owned !== undefined) for (const child of owned) disposeEffect(state, child)
  if (cleanup === undefined) return
  const { consumer, owner } = state
  state.consumer = null
  state.owner = null
  try {
    cleanup()
  } finally {
    state.consumer = consumer
    state.owner = owner
  }
}

function guardRunaway(state: State, effect: Node): void {
  const record = effect.value as EffectRecord | undefined
  if (effect.seenBy !== state.flushId) {
    effect.seenBy = state.flushId
    if (record !== undefined) record.reruns = 0
    return
  }
  if (++recordOf(effect).reruns < MAX_RUNS_PER_FLUSH) return
  effect.flags &= ~STALE
  throw new TalosError(
    'runaway_effect',
    `${labelOf(effect)} ran ${MAX_RUNS_PER_FLUSH} times in one flush: it keeps changing what it reads.`,
  )
}
