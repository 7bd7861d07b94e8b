/** A store that lives as long as the process: tests, and caches within one process. */
import type { Store } from './store.ts'

export function memoryStore(): Store {
  const entries = new Map<string, Uint8Array>()
  return {
    read: async (key) => {
      const data = entries.get(key)
      return data === undefined ? undefined : new Uint8Array(data)
    },
    // A copy: slice() of a Buffer would share memory with the caller.
    write: async (key, data) => void entries.set(key, new Uint8Array(data)),
    create: async (key, data) => {
      if (entries.has(key)) return false
      entries.set(key, new Uint8Array(data))
      return true
    },
    delete: async (key) => entries.delete(key),
    async *list(prefix) {
      for (const key of entries.keys()) if (key.startsWith(prefix)) yield key
    },
  }
}
