/** The state machines, all in one table: from → the states that may follow. */
import { CaliberError } from './errors.ts'

export const states = {
  trajectory: {
    active: ['suspended', 'completed', 'failed'],
    suspended: ['active', 'failed'],
    completed: [],
    failed: [],
  },
  scope: {
    open: ['closed'],
    closed: [],
  },
  note: {
    live: ['superseded', 'retracted'],
    superseded: [],
    retracted: [],
  },
  conflict: {
    open: ['escalated', 'resolved'],
    escalated: ['resolved'],
    resolved: [],
  },
} as const

type Noun = keyof typeof states
export type State<N extends Noun> = keyof (typeof states)[N] & string

/** @throws CaliberError `illegal_state`, naming the states that may follow */
export function assertTransition<N extends Noun>(noun: N, id: string, from: State<N>, to: State<N>): void {
  const legal = states[noun][from] as readonly string[]
  if (legal.includes(to)) return
  const next = legal.length === 0 ? 'that is final' : `from there it can become ${legal.join(' or ')}`
  throw new CaliberError('illegal_state', `${noun} ${id} is ${from} and cannot become ${to}; ${next}.`, {
    noun,
    id,
    state: from,
    legal,
  })
}

/** @throws CaliberError `version_conflict` when the caller read another version than the one stored */
export function assertVersion(noun: Noun | 'artifact', id: string, stored: number, read: number | undefined): void {
  if (read === undefined || read === stored) return
  throw new CaliberError(
    'version_conflict',
    `${noun} ${id} is at version ${stored}, you read version ${read}. Get it again and repeat the change.`,
    { noun, id, version: stored },
  )
}
