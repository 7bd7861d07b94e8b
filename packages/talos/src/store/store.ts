/**
 * The port to whatever keeps bytes between processes.
 *
 * A store promises: `write` and `create` are atomic and durable when they resolve (a reader, or a crash
 * at any point, sees the old entry or the new one whole); of concurrent `create`s of one key exactly one
 * returns true; distinct keys never share an entry. A caller promises nothing about keys but their being
 * strings, and treats what it reads as untrusted. `store.suite.ts` holds every implementation to this.
 */
export interface Store {
  read(key: string): Promise<Uint8Array | undefined>
  /** Replace or create. */
  write(key: string, data: Uint8Array): Promise<void>
  /** Create if absent; false, changing nothing, if the key exists. */
  create(key: string, data: Uint8Array): Promise<boolean>
  /** True if there was something to delete. */
  delete(key: string): Promise<boolean>
  /** Keys that start with `prefix`, in any order. */
  list(prefix: string): AsyncIterable<string>
}
