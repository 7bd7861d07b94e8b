/** Where the worker's compiled entry lies, for a host that runs compiled or, in tests, straight from source. */

/** Node 20 cannot run TypeScript, so a host in `src` uses the worker of the last build. */
export function workerFile(): URL {
  const here = import.meta.url
  return here.endsWith('.ts') ? new URL('../../../dist/db/pglite/worker.js', here) : new URL('./worker.js', here)
}
