/**
 * Agents and locks in one process under a virtual clock: messages take their time, agents freeze, transactions stay
 * open, and nothing waits for real. One seed gives one history.
 */
import { type Random, seeded } from '../e2e/seeded.ts'
import { agent } from './agent.ts'
import { type Fault, LeaseLock } from './leaseLock.ts'
import type { LockHistory, LockInput, LockOperation, LockOutput } from './lockHistory.ts'

export interface World {
  readonly seed: number
  readonly agents: number
  readonly locks: number
  readonly operations: number
  readonly fault?: Fault | undefined
}

/** Run a world until its agents have made so many calls and heard all their answers. */
export function simulate({ seed, agents, locks, operations, fault }: World): LockHistory {
  const random = seeded(seed)
  const agenda = new Agenda()
  const rows = new Map(Array.from({ length: locks }, (_, i) => [`lock ${i}`, new Row(new LeaseLock(fault), fault)]))
  const history: LockOperation[] = []
  let called = 0

  for (let process = 0; process < agents; process += 1) {
    const script = agent(`agent ${process}`, [...rows.keys()], random, () => 1)
    const go = (heard: LockOutput | undefined): void => {
      const { value: step } = script.next(heard)
      if (step.kind === 'rest') return agenda.after(step.restMs, () => go(undefined))
      if (called === operations) return
      called += 1
      const calledAt = agenda.nowMs
      agenda.after(travelMs(random), () =>
        rows.get(step.lock)?.take(step, agenda, (output) =>
          agenda.after(travelMs(random), () => {
            history.push({ process, input: step, output, calledAt, returnedAt: agenda.nowMs })
            go(output)
          }),
        ),
      )
    }
    agenda.after(random.below(20), () => go(undefined))
  }
  agenda.run()
  return history
}

/** A message takes a moment; one in fifty belongs to an agent that freezes just then. In sums that floats keep exact. */
function travelMs(random: Random): number {
  const moment = random.below(2_048) / 1_024
  return random.below(50) === 0 ? moment + random.below(120) : moment
}

type Answer = (output: LockOutput) => void

/**
 * A lock behind a row lock, as a database has it: open writes share the row, everything else waits for it, in order.
 */
class Row {
  #openWrites = 0
  readonly #waiting: (() => void)[] = []
  readonly #lock: LeaseLock
  readonly #fault: Fault | undefined

  constructor(lock: LeaseLock, fault: Fault | undefined) {
    this.#lock = lock
    this.#fault = fault
  }

  take(input: LockInput, agenda: Agenda, answer: Answer): void {
    if (input.kind === 'write') return this.#write(input, agenda, answer)
    if (this.#openWrites > 0 && this.#fault !== 'no row lock') {
      this.#waiting.push(() => this.take(input, agenda, answer))
      return undefined
    }
    return answer(this.#lock.answer(input, agenda.nowMs))
  }

  #write(input: LockInput & { readonly kind: 'write' }, agenda: Agenda, answer: Answer): void {
    if (!this.#lock.allows(input, agenda.nowMs)) return answer({ kind: 'stale' })
    this.#openWrites += 1
    return agenda.after(input.openMs, () => {
      answer(this.#lock.commit())
      this.#openWrites -= 1
      if (this.#openWrites === 0) for (const go of this.#waiting.splice(0)) go()
    })
  }
}

/** What happens when, and the virtual clock that jumps from one to the next: a binary heap. */
class Agenda {
  nowMs = 0
  #order = 0
  readonly #heap: { readonly atMs: number; readonly order: number; readonly happens: () => void }[] = []

  after(delayMs: number, happens: () => void): void {
    this.#order += 1
    const entry = { atMs: this.nowMs + delayMs, order: this.#order, happens }
    let at = this.#heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const other = this.#heap[parent]
      if (!other || !isBefore(entry, other)) break
      this.#heap[at] = other
      at = parent
    }
    this.#heap[at] = entry
  }

  run(): void {
    for (let next = this.#pop(); next !== undefined; next = this.#pop()) {
      this.nowMs = next.atMs
      next.happens()
    }
  }

  #pop() {
    const first = this.#heap[0]
    const last = this.#heap.pop()
    if (first === undefined || last === undefined || this.#heap.length === 0) return first
    let at = 0
    for (;;) {
      const [left, right] = [this.#heap[2 * at + 1], this.#heap[2 * at + 2]]
      const child = left && right && isBefore(right, left) ? right : left
      if (!child || !isBefore(child, last)) break
      this.#heap[at] = child
      at = child === left ? 2 * at + 1 : 2 * at + 2
    }
    this.#heap[at] = last
    return first
  }
}

function isBefore(a: { atMs: number; order: number }, b: { atMs: number; order: number }): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}
