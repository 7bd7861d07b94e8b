import type { Judgement } from './judge.ts'

/** What the rounds of a run add up to. */
export interface Tally {
  rounds: number
  operations: number
  violations: Record<string, number>
  /** Rounds by their verdict. */
  verdicts: Record<Judgement['linearizable'], number>
  answers: Record<string, number>
  steps: number
  askedMs: number
  /** The first few things that were wrong, in words. */
  readonly complaints: string[]
}

const complaintsKept = 10

/** Start counting. */
export function newTally(): Tally {
  return {
    rounds: 0,
    operations: 0,
    violations: { inversion: 0, 'fence used twice': 0, 'fence fell': 0, overlap: 0 },
    verdicts: { ok: 0, illegal: 0, unknown: 0 },
    answers: {},
    steps: 0,
    askedMs: 0,
    complaints: [],
  }
}

/** Count a round. @param round how to name it, with what repeats it */
export function count(tally: Tally, round: string, judgement: Judgement): void {
  const { violations, linearizable, why, steps, askedMs, answers } = judgement
  tally.rounds += 1
  tally.steps += steps
  tally.askedMs += askedMs
  tally.verdicts[linearizable] += 1
  for (const { kind } of violations) tally.violations[kind] = (tally.violations[kind] ?? 0) + 1
  for (const [name, times] of Object.entries(answers)) {
    tally.operations += times
    tally.answers[name] = (tally.answers[name] ?? 0) + times
  }
  const complaints = violations.map(({ kind, lock, text }) => `${kind}, ${lock}: ${text}`)
  if (why !== undefined) complaints.push(`${linearizable}: ${why}`)
  for (const text of complaints.slice(0, complaintsKept - tally.complaints.length)) {
    tally.complaints.push(`${round}: ${text}`)
  }
}

/** Whether anything was wrong, or could not be judged. */
export function isSound({ violations, verdicts }: Tally): boolean {
  return verdicts.illegal + verdicts.unknown === 0 && Object.values(violations).every((times) => times === 0)
}
