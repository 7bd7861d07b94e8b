/**
 * Delivering changes: probes first, then effects in order of creation, until nothing is left.
 *
 * A flush starts when the outermost batch ends. One failing effect does not keep the others from
 * running; the first error is thrown to the writer afterwards (SPEC O5).
 */
import { runEffect } from './effect.ts'
import { TalosError } from './errors.ts'
import { observe } from './links.ts'
import { spread } from './mark.ts'
import { type Compute, DISPOSED, EFFECT, extraOf, FORCE, Node, STALE, UNANNOUNCED } from './node.ts'
import type { State } from './state.ts'
import { probe, pull } from './verify.ts'

export function flush(state: State): void {
  if (state.flushing || state.batchDepth > 0 || state.deriving > 0) return
  if (state.unannounced.size === 0 && state.effects.size === 0) return
  const errors: unknown[] = []
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
        errors.push(error)
      }
    } while (state.unannounced.size > 0 || state.probes.size > 0 || state.effects.size > 0)
  } finally {
    state.consumer = consumer
    state.flushing = false
  }
  if (errors.length === 1) throw errors[0]
  if (errors.length > 1) throw new AggregateError(errors, `${errors.length} effects failed`)
}

/** Tell observers what changed, running certain nodes on the way. */
function announce(state: State): void {
  const { unannounced, probes } = state
  for (;;) {
    const changed = unannounced.shift()
    if (changed !== undefined) {
      changed.flags &= ~UNANNOUNCED
      spread(state, changed)
      continue
    }
    const node = probes.shift()
    if (node === undefined) return
    if ((node.flags & STALE) === 0) continue
    const { changedAt } = node
    probe(state, node)
    if (node.changedAt !== changedAt || (node.flags & FORCE) !== 0) spread(state, node)
  }
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
  return effect.extra?.order ?? 0
}

function deliver(state: State, effect: Node): void {
  const extra = extraOf(effect)
  const { schedule } = extra
  if (schedule === undefined) return pull(state, effect)
  if (extra.queued === true) return
  extra.queued = true
  schedule(() => {
    extra.queued = false
    if ((effect.flags & (STALE | DISPOSED)) !== STALE) return
    guarded(state, () => pull(state, effect))
  })
}

/** Create an effect and run it at once, even inside a batch. A first run that throws leaves nothing behind. */
export function createEffect(state: State, fn: Compute, schedule?: (run: () => void) => void): Node {
  if (state.deriving > 0)
    throw new TalosError('effect_in_derived', 'An effect was created inside a derived value. Create it outside.')
  const effect = new Node(state, fn, undefined, EFFECT | FORCE)
  const extra = extraOf(effect)
  extra.order = ++state.lastOrder
  extra.schedule = schedule
  observe(effect)
  if (state.owner !== null) {
    const owner = extraOf(state.owner)
    owner.owned ??= []
    owner.owned.push(effect)
  }
  try {
    guarded(state, () => runEffect(state, effect))
  } catch (error) {
    if (effect.verifiedAt >= 0 && effect.extra?.runs === 1) state.dispose(effect)
    throw error
  }
  return effect
}

/** Run with flushing held back, then flush. */
function guarded(state: State, action: () => void): void {
  if (state.flushing) return action()
  state.flushing = true
  state.flushId++
  try {
    action()
  } finally {
    state.flushing = false
  }
  flush(state)
}
