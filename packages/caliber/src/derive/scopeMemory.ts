import type { RegionId } from '../domain/ids.ts'
import type { MemoryItem } from './memoryItem.ts'

/** A scope as the memory holds it. */
export interface ScopeMemory {
  readonly regionId: RegionId
  /** Budget of a context for this scope when a request names none. */
  readonly budgetTokens: number
  /** In the order they were said. */
  readonly turns: MemoryItem[]
  /** For each turn, the tokens of all turns before it. */
  readonly tokensBefore: number[]
  /** How often the turns changed otherwise than by one more at their end. */
  rewrites: number
}

/** Put a turn where its ordinal says. */
export function admitTurn(scope: ScopeMemory, item: MemoryItem): void {
  const last = scope.turns.at(-1)
  if (!last || last.ordinal < item.ordinal) append(scope, item)
  else
    replaceTurns(
      scope,
      [...scope.turns, item].toSorted((a, b) => a.ordinal - b.ordinal),
    )
}

/** Hold a turn in place of the one of its sequence number. */
export function replaceTurn(scope: ScopeMemory, item: MemoryItem): void {
  scope.rewrites += 1
  scope.turns[placeOf(scope.turns, item.sequence ?? 0)] = item
}

/** Hold these turns, in their order, and no others. */
export function replaceTurns(scope: ScopeMemory, turns: readonly MemoryItem[]): void {
  const held = [...turns]
  scope.rewrites += 1
  scope.turns.length = 0
  scope.tokensBefore.length = 0
  for (const turn of held) append(scope, turn)
}

function append({ turns, tokensBefore }: ScopeMemory, item: MemoryItem): void {
  const last = turns.length - 1
  tokensBefore.push((tokensBefore[last] ?? 0) + (turns[last]?.tokenCount ?? 0))
  turns.push(item)
}

/**
 * Where the turn of a sequence number stands among turns in their order, of which some may have been forgotten; without it,
 * where the first after it stands, or the last.
 */
export function placeOf(turns: readonly MemoryItem[], sequence: number): number {
  let [low, high] = [0, Math.min(sequence, turns.length) - 1]
  // Where nothing was forgotten before it, it is the last that it can be.
  if (turns[high]?.sequence === sequence) return high
  while (low < high) {
    const middle = (low + high) >> 1
    if ((turns[middle]?.sequence ?? 0) < sequence) low = middle + 1
    else high = middle
  }
  return low
}
