/**
 * What travels between the host and the worker that runs PGlite: plain data, one reply per request.
 *
 * The host never has two requests of different transactions under way, so the worker needs no notion of a
 * transaction: it runs what arrives, in order. Unasked, it sends `ready`, `failed` (could not open) and `ring`.
 */

/** How a worker opens its engine. */
export interface EngineOptions {
  /** The directory of the cluster itself; null keeps everything in memory. */
  readonly clusterDir: string | null
  /** A gzipped tar of a cluster to start a new directory from; null runs initdb. */
  readonly snapshotFile: string | null
  /** Commit without waiting for the disk, everywhere. */
  readonly relaxed: boolean
}

export type Request =
  /** One statement with parameters; `before` (a `begin`) runs first and saves a round trip. */
  | {
      readonly kind: 'query'
      readonly before: string | null
      readonly text: string
      readonly values: readonly (string | null)[]
    }
  /** Words of our own without parameters: `commit`, `listen`. `lazy`: what it commits may reach the disk a moment later. */
  | { readonly kind: 'exec'; readonly text: string; readonly lazy: boolean }
  /** Somebody's file of statements; the session is put back in order afterwards. */
  | { readonly kind: 'script'; readonly text: string }
  | { readonly kind: 'dump' }
  | { readonly kind: 'stats' }
  | { readonly kind: 'close' }

export type Envelope = Request & { readonly id: number }

export type Reply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'rows'; readonly id: number; readonly rows: readonly object[] }
  | { readonly kind: 'error'; readonly id: number; readonly failure: Failure }
  | { readonly kind: 'ring'; readonly channel: string; readonly payload: string }

/** An error as data. */
export interface Failure {
  /** SQLSTATE, or '' where the failure did not come from SQL. */
  readonly code: string
  /** For the log only: it may hold SQL or values. */
  readonly message: string
  /** The engine cannot be trusted any more and must be replaced. */
  readonly fatal: boolean
}

/** Work counters of one worker since it opened. */
export interface EngineStats {
  /** fsync calls on files of the cluster. */
  readonly fileSyncs: number
  /** fsync calls on directories that we added to what Postgres asks for. */
  readonly directorySyncs: number
  /** Checkpoints that the worker ran by itself. */
  readonly checkpoints: number
}
