/**
 * What lies near a question, where that has to be asked of the database, and the memory as it is then: an answer is of one
 * moment, so where the memory went on meanwhile, or rights changed, it is looked at again.
 */
import type { MemoryView, ViewSearch } from './memoryView.ts'
import type { Near } from './tenantMemory.ts'

/**
 * Times that a memory is looked at again before an answer mixes two moments: what has gone since is left out of it, and
 * what came since is found by its words.
 */
const mostLooks = 4

export interface Looked {
  readonly held: MemoryView
  /** Undefined where the memory came to need nothing. */
  readonly near: Near | undefined
}

/** @returns undefined, at once, where nothing has to be asked: the memory that is held is as good as it was */
export function lookAround(
  held: MemoryView,
  again: () => Promise<MemoryView>,
  searchOf: (held: MemoryView) => ViewSearch | undefined,
): Promise<Looked> | undefined {
  const search = searchOf(held)
  const asked = search && held.near(search)
  return asked && settle(held, asked, again, searchOf)
}

async function settle(
  held: MemoryView,
  asked: Promise<Near>,
  again: () => Promise<MemoryView>,
  searchOf: (held: MemoryView) => ViewSearch | undefined,
): Promise<Looked> {
  let near = await asked
  for (let looks = 1; held.seq !== near.seq; looks += 1) {
    held = await again()
    if (looks === mostLooks) break
    const search = searchOf(held)
    const more = search && held.near(search)
    if (!more) return { held, near: undefined }
    near = await more
  }
  return { held, near }
}
