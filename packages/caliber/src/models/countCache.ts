/** Counts by text, the least recently used dropped first, bounded by the memory the texts take. */
export interface CountCache {
  /** The count kept for a text, which becomes the most recently used; undefined when none is kept. */
  get(text: string): number | undefined
  /** Keep the count of a text that is not kept yet. */
  add(text: string, count: number): void
  /** What the kept texts take, by estimate: never negative, never above the limit after `add`. */
  readonly usedBytes: number
}

/** What an entry costs beside its characters: map entry and string header, about (Node 20, 64 bit). */
const entryBytes = 64

/** Open an empty cache. A text larger than the limit is not kept and pushes nothing out. */
export function openCountCache(limitBytes: number): CountCache {
  const counts = new Map<string, number>()
  let usedBytes = 0
  return {
    get usedBytes() {
      return usedBytes
    },
    get(text) {
      const count = counts.get(text)
      if (count === undefined) return undefined
      counts.delete(text)
      counts.set(text, count)
      return count
    },
    add(text, count) {
      const addedBytes = sizeBytes(text)
      if (addedBytes > limitBytes || counts.has(text)) return
      // A copy: a slice as key would keep alive the whole text it was cut from, which the limit knows nothing of.
      counts.set(` ${text}`.slice(1), count)
      usedBytes += addedBytes
      for (const oldest of counts.keys()) {
        if (usedBytes <= limitBytes) break
        counts.delete(oldest)
        usedBytes -= sizeBytes(oldest)
      }
    },
  }
}

function sizeBytes(text: string): number {
  return 2 * text.length + entryBytes
}
