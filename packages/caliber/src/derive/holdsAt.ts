import type { MemoryItem } from './memoryItem.ts'

/** Whether an item holds in the world at a moment. Only notes can say that they do not. */
export function holdsAt({ note }: MemoryItem, atMs: number): boolean {
  if (note === null) return true
  if (note.validFrom !== null && Date.parse(note.validFrom) > atMs) return false
  return note.validUntil === null || Date.parse(note.validUntil) > atMs
}
