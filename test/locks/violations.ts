/**
 * What no history of fenced locks may show, each found by sorting alone: independent of the model and of the search.
 */
import type { LockHistory, LockInput, LockOutput } from './lockHistory.ts'

export interface Violation {
  readonly kind: 'inversion' | 'fence used twice' | 'fence fell' | 'overlap'
  readonly lock: string
  readonly text: string
}

/** Find every violation of a history. */
export function violationsOf(history: LockHistory): readonly Violation[] {
  const locks = new Map<string, Seen>()
  for (const { input, output, calledAt } of history) {
    const seen = locks.get(input.lock) ?? { grants: [], writes: [], ends: new Map() }
    locks.set(input.lock, seen)
    if (output) note(seen, input, output, calledAt)
  }
  return [...locks].flatMap(([lock, seen]) =>
    [...inversions(seen), ...fences(seen), ...overlaps(seen)].map((violation) => ({ ...violation, lock })),
  )
}

type Found = Omit<Violation, 'lock'>

interface Grant {
  readonly fence: number
  readonly holder: string
  readonly mode: 'exclusive' | 'shared'
  readonly grantedAtMs: number
}

/** What was seen of one lock. */
interface Seen {
  readonly grants: Grant[]
  readonly writes: { readonly fence: number; readonly holder: string; readonly position: number }[]
  /** By fence: until when its lease lasted for certain. */
  readonly ends: Map<number, { untilMs: number; releasedAtMs: number }>
}

function note({ grants, writes, ends }: Seen, input: LockInput, output: LockOutput, calledAt: number): void {
  const endOf = (fence: number) => ends.get(fence) ?? { untilMs: 0, releasedAtMs: Number.POSITIVE_INFINITY }
  if (output.kind === 'granted') {
    // The latest word counts: an extension may also shorten.
    ends.set(output.fence, { ...endOf(output.fence), untilMs: output.untilMs })
    if (input.kind !== 'acquire') return
    const { holder, mode, ttlMs } = input
    grants.push({ fence: output.fence, holder, mode, grantedAtMs: output.untilMs - ttlMs })
  }
  if (output.kind === 'released' && input.kind === 'release') {
    ends.set(input.fence, { ...endOf(input.fence), releasedAtMs: calledAt })
  }
  if (output.kind === 'written' && input.kind === 'write') {
    writes.push({ fence: input.fence, holder: input.holder, position: output.position })
  }
}

/** In the order of the commits no fence comes after a higher one. */
function inversions({ writes }: Seen): Found[] {
  let highest = 0
  const found: Found[] = []
  for (const { fence, position } of writes.toSorted((a, b) => a.position - b.position)) {
    if (fence < highest) found.push({ kind: 'inversion', text: `write ${position}: fence ${fence} after ${highest}` })
    highest = Math.max(highest, fence)
  }
  return found
}

/** A fence is granted once, to the one who writes under it, and a later grant has a higher one. */
function fences({ grants, writes }: Seen): Found[] {
  const found: Found[] = []
  const holders = new Map<number, string>()
  for (const { fence, holder } of grants) {
    if (holders.has(fence)) found.push({ kind: 'fence used twice', text: `fence ${fence} granted again, to ${holder}` })
    holders.set(fence, holder)
  }
  for (const { fence, holder } of writes) {
    const granted = holders.get(fence)
    if (granted !== holder)
      found.push({ kind: 'fence used twice', text: `${holder} wrote under ${granted}'s ${fence}` })
  }
  const inTime = grants.toSorted((a, b) => a.grantedAtMs - b.grantedAtMs || a.fence - b.fence)
  for (const [i, { fence, grantedAtMs }] of inTime.entries()) {
    const before = inTime[i - 1]
    if (before && fence < before.fence)
      found.push({ kind: 'fence fell', text: `${before.fence} to ${fence} at ${grantedAtMs}` })
  }
  return found
}

/** While an exclusive lease lasts nobody else has one. */
function overlaps({ grants, ends }: Seen): Found[] {
  const found: Found[] = []
  const last = { exclusive: Number.NEGATIVE_INFINITY, shared: Number.NEGATIVE_INFINITY }
  for (const { fence, mode, grantedAtMs } of grants.toSorted((a, b) => a.fence - b.fence)) {
    const until = mode === 'exclusive' ? Math.max(last.exclusive, last.shared) : last.exclusive
    if (grantedAtMs < until)
      found.push({ kind: 'overlap', text: `fence ${fence}, ${until - grantedAtMs} ms too early` })
    const end = ends.get(fence)
    if (end) last[mode] = Math.max(last[mode], Math.min(end.untilMs, end.releasedAtMs))
  }
  return found
}
