/**
 * Is a concurrent history linearizable: is there one order of its operations that respects real time (what returned
 * before another was called comes first) and that the sequential model could have answered in the same way?
 *
 * The algorithm of Wing and Gong (J. Parallel Distrib. Comput. 17, 1993) with Lowe's memo (Concurrency Computat. Pract.
 * Exper. 29(4), 2017) and P-compositionality (Horn and Kroening, FORTE 2015): depth first over the operations that may
 * come next; a set of linearised operations that was seen with the same state is not entered again; parts that share
 * no state are checked one by one. One shortcut more: what changes nothing, a read for one, is taken as soon as it fits
 * and never put off, since every order that has it later is as good with it now.
 *
 * Iterative, so a long history needs no deep stack, and bounded: beyond the limits the verdict is `unknown`, never a
 * guess. The memo compares whole configurations, not their hashes, so `illegal` means that every order was tried.
 */
import type { History, Operation } from './history.ts'
import type { Model } from './model.ts'

export interface Limits {
  /** Operations tried, over all parts: bounds the time. */
  readonly steps: number
  /** Configurations remembered of one part: bounds the memory, some 100 bytes each. */
  readonly configurations: number
}

export type Check<Input, Output> =
  | { readonly verdict: 'ok'; readonly steps: number }
  | ({ readonly verdict: 'illegal'; readonly steps: number; readonly part: string } & Attempt<Input, Output>)
  | { readonly verdict: 'unknown'; readonly steps: number; readonly part: string }

/** Where the best attempt at an order ended. */
export interface Attempt<Input, Output> {
  readonly ordered: number
  /** The last few that were ordered. */
  readonly latest: History<Input, Output>
  /** What could not follow them, yet had to before anything else. */
  readonly blocked: Operation<Input, Output>
}

/** Operations shown of the best attempt. */
const shown = 8
const defaultLimits: Limits = { steps: 50_000_000, configurations: 2_000_000 }

/** Check every part of a history; the first that is not linearizable decides. */
export function check<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
  limits: Limits = defaultLimits,
): Check<Input, Output> {
  const parts = new Map<string, Operation<Input, Output>[]>()
  for (const operation of history) {
    const part = model.partOf(operation.input)
    const operations = parts.get(part)
    if (operations) operations.push(operation)
    else parts.set(part, [operation])
  }
  let steps = 0
  let unknown: string | undefined
  for (const [part, operations] of parts) {
    const found = checkPart(model, operations, { ...limits, steps: limits.steps - steps })
    steps += found.steps
    if (found.verdict === 'illegal') return { ...found, steps, part }
    // Another part may still be illegal, which is the better answer.
    if (found.verdict === 'unknown') unknown ??= part
  }
  return unknown === undefined ? { verdict: 'ok', steps } : { verdict: 'unknown', steps, part: unknown }
}

/** A call or a return, in a list ordered by time from which a linearised operation is lifted and put back. */
interface Entry<Input, Output> {
  readonly operation: Operation<Input, Output>
  /** Position of the operation among the calls of its part. */
  readonly index: number
  readonly at: number
  /** The other end of a call; undefined for a return, and for a call that never returned. */
  readonly returns: Entry<Input, Output> | undefined
  readonly isCall: boolean
  before: Entry<Input, Output> | undefined
  after: Entry<Input, Output> | undefined
}

function checkPart<State, Input, Output>(
  model: Model<State, Input, Output>,
  operations: History<Input, Output>,
  limits: Limits,
) {
  const head = timeline(operations)
  const seen = new Set<string>()
  const taken: { readonly entry: Entry<Input, Output>; readonly state: State; readonly last: number }[] = []
  let left = operations.filter(({ returnedAt }) => returnedAt !== Number.POSITIVE_INFINITY).length
  let best: Attempt<Input, Output> | undefined
  let state = model.initial
  /** The highest index taken. With the calls before it that are still in the list it says which ones are taken. */
  let last = -1
  let entry = head.after
  let steps = 0

  while (left > 0) {
    if (entry?.isCall) {
      if (steps === limits.steps) return { verdict: 'unknown' as const, steps }
      steps += 1
      const next = model.step(state, entry.operation)
      if (next !== undefined) {
        lift(entry)
        const newLast = Math.max(last, entry.index)
        // What changes nothing leaves no choice, hence nothing to remember.
        const configuration = model.changesNothing(entry.operation)
          ? undefined
          : `${newLast}:${skipped(head, newLast)}:${model.keyOf(next)}`
        if (configuration === undefined || !seen.has(configuration)) {
          if (seen.size === limits.configurations) return { verdict: 'unknown' as const, steps }
          if (configuration !== undefined) seen.add(configuration)
          taken.push({ entry, state, last })
          if (entry.returns) left -= 1
          state = next
          last = newLast
          entry = head.after
          continue
        }
        putBack(entry)
      }
      entry = entry.after
      continue
    }
    // Something had to come before this return and nothing could: take back the latest choice.
    if (entry && taken.length >= (best?.ordered ?? 0)) {
      const latest = taken.slice(-shown).map((choice) => choice.entry.operation)
      best = { ordered: taken.length, latest, blocked: entry.operation }
    }
    let choice = taken.pop()
    for (; choice; choice = taken.pop()) {
      putBack(choice.entry)
      if (choice.entry.returns) left += 1
      if (!model.changesNothing(choice.entry.operation)) break
    }
    if (choice === undefined) {
      if (best === undefined) throw new Error('While an operation is left, its return is in the list.')
      return { verdict: 'illegal' as const, steps, ...best }
    }
    state = choice.state
    last = choice.last
    entry = choice.entry.after
  }
  return { verdict: 'ok' as const, steps }
}

/** The calls up to `last` that are not taken: as few as there are calls open at once. */
function skipped<Input, Output>(head: Entry<Input, Output>, last: number): string {
  let text = ''
  for (let entry = head.after; entry !== undefined; entry = entry.after) {
    if (!entry.isCall) continue
    if (entry.index > last) break
    text += `${entry.index},`
  }
  return text
}

/** At equal times calls come before returns: such operations count as concurrent, which never condemns wrongly. */
function timeline<Input, Output>(operations: History<Input, Output>): Entry<Input, Output> {
  const entries: Entry<Input, Output>[] = []
  for (const [index, operation] of operations.toSorted((a, b) => a.calledAt - b.calledAt).entries()) {
    const { calledAt, returnedAt } = operation
    const pending = returnedAt === Number.POSITIVE_INFINITY
    const returns = pending ? undefined : newEntry({ operation, index, at: returnedAt, isCall: false })
    entries.push(newEntry({ operation, index, at: calledAt, isCall: true, returns }))
    if (returns) entries.push(returns)
  }
  entries.sort((a, b) => a.at - b.at || Number(b.isCall) - Number(a.isCall) || a.index - b.index)

  const [first] = entries
  if (first === undefined) throw new Error('A part has at least one operation.')
  const head = newEntry({ ...first, index: -1 })
  let end = head
  for (const entry of entries) {
    end.after = entry
    entry.before = end
    end = entry
  }
  return head
}

/** Written out, so that all entries have one shape and the search stays fast. */
function newEntry<Input, Output>({
  operation,
  index,
  at,
  isCall,
  returns,
}: Pick<Entry<Input, Output>, 'operation' | 'index' | 'at' | 'isCall'> & Partial<Entry<Input, Output>>): Entry<
  Input,
  Output
> {
  return { operation, index, at, isCall, returns, before: undefined, after: undefined }
}

function lift<Input, Output>(call: Entry<Input, Output>): void {
  unlink(call)
  if (call.returns) unlink(call.returns)
}

/** In the opposite order of {@link lift}: each entry still knows its neighbours. */
function putBack<Input, Output>(call: Entry<Input, Output>): void {
  if (call.returns) relink(call.returns)
  relink(call)
}

function unlink<Input, Output>(entry: Entry<Input, Output>): void {
  if (entry.before) entry.before.after = entry.after
  if (entry.after) entry.after.before = entry.before
}

function relink<Input, Output>(entry: Entry<Input, Output>): void {
  if (entry.before) entry.before.after = entry
  if (entry.after) entry.after.before = entry
}
