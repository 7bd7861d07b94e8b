/**
 * Delivering changes: probes first, then effects in order of creation, until nothing is left.
 *
 * A flush starts when the outermost batch ends. One failing effect does not keep the others from
 * running; the first error is thrown to the writer afterwards (SPEC O5).
 */
import { runEffect } from './effect.ts'
import { TalosError } from './errors.ts'
import { markConsumers, spread } from './mark.ts'
import {
  type Compute,
  DISPOSED,
  EFFECT,
  type EffectRecord,
  FORCE,
  LINKED,
  Node,
  PROBED,
  recordOf,
  STALE,
  UNANNOUNCED,
} from './node.ts'
import type { State } from './state.ts'
import { drive, pull } from './verify.ts'

export function flush(state: State): void {
  if (state.flushing || state.batchDepth > 0 || state.deriving || state.view !== null) return
  if (state.unannounced.size === 0 && state.effects.size === 0) return
  let errors: unknown[] | undefined
  state.flushing = true
  state.flushId++
  const { consumer } = state
  state.consumer = null
  try {
    do {
      try {
        announce(state)
        drain(state)
      } catch (error) {
        errors ??= []
        errors.push(error)
      }
    } while (state.unannounced.size > 0 || state.probes.size > 0 || state.effects.size > 0)
  } finally {
    state.consumer = consumer
    state.flushing = false
  }
  if (errors === undefined) return
  if (errors.length === 1) throw errors[0]
  throw new AggregateError(errors, `${errors.length} effects failed`)
}

/** Tell observers what changed, running certain nodes on the way. */
function announce(state: State): void {
  const { unannounced, probes } = state
  for (;;) {
    let node = unannounced.shift()
    if (node !== undefined) node.flags &= ~UNANNOUNCED
    else {
      node = probes.shift()
      if (node === undefined) return
      node.flags &= ~PROBED
      // Another probe may have needed this one first; its consumers were marked then.
      if ((node.flags & STALE) === 0 || !probe(state, node)) continue
    }
    // A chain is climbed without the queue.
    let above = spread(state, node)
    while (above !== null && probe(state, above)) above = spread(state, above)
  }
}

/** Bring a certain node up to date before its consumers hear of anything; true if they have to. */
function probe(state: State, node: Node): boolean {
  const { changedAt } = node
  state.probing = node
  let done = false
  try {
    drive(state, node)
    done = true
  } finally {
    state.probing = null
    // No outcome, hence nothing to compare: its consumers have to look for themselves.
    if (!done) markConsumers(state, node)
  }
  return node.changedAt !== changedAt || (node.flags & FORCE) !== 0
}

function drain(state: State): void {
  const { effects, unannounced } = state
  while (effects.size > 0) {
    if (effects.size > 1) effects.sortBy(orderOf)
    // Effects made stale while this round runs are younger than it or wait for the next.
    for (let left = effects.size; left > 0; left--) {
      const effect = effects.shift() as Node
      if ((effect.flags & (STALE | DISPOSED)) === STALE) deliver(state, effect)
      if (unannounced.size > 0) announce(state)
    }
  }
}

function orderOf(effect: Node): number {
  return effect.changedAt
}

function deliver(state: State, effect: Node): void {
  const record = effect.value as EffectRecord | undefined
  const schedule = record?.schedule
  if (record === undefined || schedule === undefined) return drive(state, effect)
  if (record.queued) return
  record.queued = true
  schedule(() => {
    record.queued = false
    if ((effect.flags & (STALE | DISPOSED)) !== STALE) return
    hold(state)
    try {
      pull(state, effect)
    } finally {
      resume(state)
    }
  })
}

/** Create an effect and run it at once, even inside a batch. A first run that throws leaves nothing behind. */
export function createEffect(state: State, fn: Compute, schedule?: (run: () => void) => void): Node {
  if (state.deriving)
    throw new TalosError('effect_in_derived', 'An effect was created inside a derived value. Create it outside.')
  if (state.view !== null) throw new TalosError('read_only', 'An effect was created inside a fork. Create it outside.')
  const effect = new Node(state, fn, undefined, EFFECT | LINKED)
  effect.changedAt = ++state.lastOrder
  if (schedule !== undefined) recordOf(effect).schedule = schedule
  // Effects are certain by themselves.
  effect.certain = 1
  if (state.owner !== null) own(state.owner, effect)
  const nested = state.flushing
  try {
    if (!nested) hold(state)
    try {
      runEffect(state, effect)
    } finally {
      if (!nested) resume(state)
    }
  } catch (error) {
    // The caller gets no handle, so nobody else could.
    state.dispose(effect)
    throw error
  }
  return effect
}

export function own(owner: Node, effect: Node): void {
  const record = recordOf(owner)
  if (record.owned === undefined) record.owned = [effect]
  else record.owned.push(effect)
}

/** Hold flushing back while an effect runs outside a flush. */
function hold(state: State): void {
  state.flushing = true
  state.flushId++
}

function resume(state: State): void {
  state.flushing = false
  flush(state)
}
