import { check } from '../linearizability/check.ts'
import type { LockHistory, LockInput, LockOutput } from './lockHistory.ts'
import { lockModel } from './lockModel.ts'
import { type Violation, violationsOf } from './violations.ts'

export interface Judgement {
  readonly violations: readonly Violation[]
  readonly linearizable: 'ok' | 'illegal' | 'unknown'
  /** What the search says of an `illegal` or `unknown` history. */
  readonly why: string | undefined
  readonly steps: number
  /** Time that was asked for in all calls for a lease. */
  readonly askedMs: number
  /** Answers by the kind of call and of answer, `write stale` for one. */
  readonly answers: Readonly<Record<string, number>>
}

/** Judge a history by what can be seen in it and by whether the model could have given it. */
export function judge(history: LockHistory): Judgement {
  const found = check(lockModel, history)
  return {
    violations: violationsOf(history),
    linearizable: found.verdict,
    why: found.verdict === 'ok' ? undefined : JSON.stringify(found),
    steps: found.steps,
    askedMs: history.reduce((sum, { input }) => sum + (input.kind === 'acquire' ? input.ttlMs : 0), 0),
    answers: countAnswers(history),
  }
}

function countAnswers(history: LockHistory): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { input, output } of history) {
    const name = nameOf(input, output)
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

function nameOf(input: LockInput, output: LockOutput | undefined): string {
  return `${input.kind} ${output?.kind ?? 'unanswered'}`
}
