/**
 * A memory on this machine, in one call.
 *
 * The first process to open a data directory owns it: it runs the database and answers the others over a unix socket
 * in the directory. A later process attaches: the same operations, over that socket, as the same principal. When the
 * owner goes away, the next call of an attached process takes the directory over.
 */
import { type Client, clientOver } from '@caliber/client'
import type { Validation } from '../db/intact.ts'
import type { Embedder } from '../models/embedder.ts'
import type { Summariser } from '../models/summariser.ts'
import { connect } from './connect.ts'
import type { Tier } from './tier.ts'

export interface CaliberOptions {
  /** Where the data lives. Default: environment variable CALIBER_DATA_DIR, else `~/.caliber`. Made if missing. */
  readonly dataDir?: string | undefined
  /**
   * `embedded` (PGlite), `native` (bundled Postgres server) or `server` (yours). Default: the tier
   * that the directory was made with; for a new one `server` where a databaseUrl is given, else `embedded`.
   */
  readonly tier?: Tier | undefined
  /** postgres:// URL of your own server. Default: environment variable DATABASE_URL. */
  readonly databaseUrl?: string | undefined
  /** Longest time one SQL statement may run. Default 30,000. */
  readonly statementTimeoutMs?: number | undefined
  /** `relaxed` acknowledges a write before it is on disk; only for the embedded tier. Default `full`. */
  readonly durability?: 'full' | 'relaxed' | undefined
  /** `always` compares content with its digest whenever it is read. Default: CALIBER_VALIDATION, else `on_mutation`. */
  readonly validation?: Validation | undefined
  /**
   * The file that says whose tokens are taken besides API keys. Default: environment variable CALIBER_AUTH_FILE, else
   * `auth.json` in the data directory, if there is one. Only the owner of the directory reads it.
   */
  readonly authFile?: string | undefined
  /** Octets that memories in RAM may take. Default 512 MiB. */
  readonly memoryBytes?: number | undefined
  /**
   * Octets that the vectors of one tenant may take in RAM, for each model. Where they would take more and the database has
   * pgvector, they are searched there. Default: a quarter of `memoryBytes`.
   */
  readonly vectorBytes?: number | undefined
  /**
   * What turns texts into vectors, so that memories are searched by meaning as well. Default: the model that
   * CALIBER_EMBEDDER_URL and CALIBER_EMBEDDER_MODEL name, else none. Only the owner of the directory uses it; a
   * model given here is yours to close.
   */
  readonly embedder?: Embedder | undefined
  /**
   * The embedding model before that one. Until every item of a memory has the new model's vector, it is searched by the
   * vectors of this one. Default: the model that CALIBER_EMBEDDER_PREVIOUS_URL and CALIBER_EMBEDDER_PREVIOUS_MODEL name, else none.
   */
  readonly previousEmbedder?: Embedder | undefined
  /**
   * What makes summaries. Default: the model that CALIBER_SUMMARISER_URL names, else the sentences that say most, chosen
   * without a model. Only the owner of the directory uses it.
   */
  readonly summariser?: Summariser | undefined
}

/** Every operation as a typed method, and an end. */
export interface Caliber extends Client {
  /** Let running calls finish, then release everything. Idempotent. */
  close(): Promise<void>
}

/** Open a memory. @throws CaliberError `conflict`, `forbidden`, `unavailable`, each saying what to do */
export async function openCaliber(options: CaliberOptions = {}): Promise<Caliber> {
  const { transport, close } = await connect(options)
  return { ...clientOver(transport), close }
}
