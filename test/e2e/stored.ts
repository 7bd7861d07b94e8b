/** Read back everything a memory holds, page by page. */
import type { Client, Note, Scope, Trajectory, Turn } from '@caliber/client'

export async function storedNotes(memory: Client): Promise<readonly Note[]> {
  return pages((after: string | undefined) => memory.note.list({ limit: 1_000, status: 'any', after }))
}

export async function storedTrajectories(memory: Client): Promise<readonly Trajectory[]> {
  return pages((after: string | undefined) => memory.trajectory.list({ limit: 1_000, after }))
}

/** Oldest first. */
export async function storedScopes(memory: Client): Promise<readonly Scope[]> {
  const newestFirst = await pages((after: string | undefined) => memory.scope.list({ limit: 1_000, after }))
  return newestFirst.toReversed()
}

export async function storedTurns(memory: Client, scopeId: string): Promise<readonly Turn[]> {
  return pages((afterSequence: number | undefined) => memory.turn.list({ scopeId, limit: 1_000, afterSequence }))
}

async function pages<Item, Mark>(
  read: (after: Mark | undefined) => Promise<{ readonly items: readonly Item[]; readonly next: Mark | null }>,
): Promise<readonly Item[]> {
  const all: Item[] = []
  let after: Mark | undefined
  for (;;) {
    const { items, next } = await read(after)
    all.push(...items)
    if (next === null) return all
    after = next
  }
}
