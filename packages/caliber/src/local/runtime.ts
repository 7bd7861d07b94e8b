/** Put the parts together: a database, the memories over it, and one way in. */
import { v7 } from 'uuid'
import type { AuthConfiguration } from '../auth/configuration.ts'
import { tokenAuthentication } from '../auth/tokenAuthentication.ts'
import { createTokenVerifier } from '../auth/tokenVerifier.ts'
import { doorbell, readRing } from '../db/eventLog.ts'
import type { Validation } from '../db/intact.ts'
import type { Sessions } from '../db/session.ts'
import type { Database } from '../db/sql.ts'
import { findVectorExtension } from '../db/vectorExtension.ts'
import { Embeddings } from '../derive/embeddings/embeddings.ts'
import { QueryVectors } from '../derive/embeddings/queryVectors.ts'
import { openVectorStore } from '../derive/embeddings/vectorStore.ts'
import { Memories } from '../derive/memories.ts'
import { Derivations } from '../derive/summaries/derivations.ts'
import { Meter } from '../derive/use/meter.ts'
import { openStoredVectors } from '../derive/vector/storedVectors.ts'
import { Windows } from '../derive/windows.ts'
import { isApiKey } from '../domain/apiKey.ts'
import { type Judge, judgeByWords } from '../domain/contradiction.ts'
import type { Principal } from '../domain/principal.ts'
import type { Seals } from '../domain/seal.ts'
import type { Embedder } from '../models/embedder.ts'
import { extractiveSummariser } from '../models/extractiveSummariser.ts'
import type { Summariser } from '../models/summariser.ts'
import { openO200k } from '../models/tokenizer.ts'
import { createDispatch, type Dispatch } from '../operations/dispatch.ts'
import { authenticate } from '../operations/key/authenticate.ts'
import { identify } from '../operations/principal/identify.ts'
import { startSealing } from './sealer.ts'
import { version } from './version.ts'

export interface RuntimeOptions {
  /** Octets that the memories of all tenants may hold together. Default 512 MiB. */
  readonly memoryBytes?: number | undefined
  /**
   * Octets that the vectors of one tenant may take in memory, for each model. Where they would take more and the database
   * has pgvector, they stay there. Default: a quarter of `memoryBytes`.
   */
  readonly vectorBytes?: number | undefined
  /** Whose tokens are taken besides API keys; nobody's where left out. */
  readonly auth?: AuthConfiguration | undefined
  /** Where the heads of the logs are sealed; nowhere where left out. */
  readonly seals?: Seals | undefined
  /** Whether content is compared with its digest when it is read. Default `on_mutation`: when it is written. */
  readonly validation?: Validation | undefined
  /** Whether two notes on one subject contradict each other. Default: rules over words. */
  readonly judge?: Judge | undefined
  /** What turns texts into vectors; without it, memories are searched by words alone. */
  readonly embedder?: Embedder | undefined
  /** The embedding model before it, asked until every item of a memory has the new one's vector. */
  readonly previousEmbedder?: Embedder | undefined
  /** What makes summaries. Default: the sentences that say most, chosen here. */
  readonly summariser?: Summariser | undefined
  newId?(): string
  now?(): Date
}

export interface Runtime {
  readonly dispatch: Dispatch
  /** @throws CaliberError `unauthenticated`; `forbidden` for a suspended tenant */
  authenticate(credential: string): Promise<Principal>
  close(): Promise<void>
}

const defaultMemoryBytes = 512 * 1024 * 1024
/** A lost ring costs a reader of another process at most this much freshness. */
const pollMs = 5_000
/** How long a verified credential is trusted without asking the database; a revoked one dies within it. */
const trustMs = 1_000
const credentialsTrusted = 1_000

/** The database stays the caller's to close. */
export async function createRuntime(sessions: Sessions, options: RuntimeOptions = {}): Promise<Runtime> {
  const { database } = sessions
  const validation = options.validation ?? 'on_mutation'
  const now = options.now ?? (() => new Date())
  const startedMs = now().getTime()
  const embedders = [options.embedder, options.previousEmbedder].filter((embedder) => embedder !== undefined)
  const memoryBytes = options.memoryBytes ?? defaultMemoryBytes
  const extension = embedders.length === 0 ? undefined : await findVectorExtension(database)
  const storedVectors = extension && openStoredVectors(sessions, extension)
  const overflow = storedVectors && { storedVectors, maxBytes: options.vectorBytes ?? memoryBytes / 4 }
  const tokenizer = openO200k()
  const countTokens = tokenizer.count
  const meter = new Meter(sessions, { now })
  const embeddings = embedders.map((embedder) => {
    const store = openVectorStore(sessions, embedder.model, embedder.dimensions)
    return new Embeddings(embedder, store, { meter, countTokens, overflow })
  })
  const summaries = {
    summariser: options.summariser ?? extractiveSummariser(countTokens),
    derivations: new Derivations(sessions, meter),
    meter,
    tokenizer,
  }
  const queryVectors = embedders.map((embedder) => new QueryVectors(embedder, { meter, countTokens, now }))
  const memories = new Memories(sessions, {
    maxBytes: memoryBytes,
    pollMs,
    validation,
    embeddings,
    storedVectors,
    summaries,
    now,
  })
  const windows = new Windows(sessions)
  const seals = options.seals ?? noSeals
  const sealer = startSealing(sessions, seals, now)
  const unlisten = await database.listen(doorbell, (payload) => {
    const ring = readRing(payload)
    if (!ring) return
    memories.grown(ring.tenantId, ring.seq)
    sealer.grown(ring.tenantId)
  })
  const dispatch = createDispatch({
    sessions,
    memories,
    windows,
    queryVectors,
    seals,
    validation,
    tokenizer,
    judge: options.judge ?? judgeByWords,
    newId: options.newId ?? v7,
    now,
    status: async () => ({
      version,
      tier: database.tier,
      database: await answers(database),
      uptimeSeconds: Math.round((now().getTime() - startedMs) / 1000),
    }),
  })
  return {
    dispatch,
    authenticate: trusting(authentication(sessions, options.auth, now), now),
    async close() {
      await unlisten()
      for (const vectors of queryVectors) vectors.close()
      memories.close()
      await Promise.all(embeddings.map((each) => each.close()))
      await meter.close()
      await windows.close()
      await sealer.close()
    },
  }
}

const noSeals: Seals = { of: async () => ({ seals: [], faults: [] }), append: async () => {} }

async function answers(database: Database): Promise<'ok' | 'unavailable'> {
  return database
    .transaction((sql) => sql`select 1`, { readOnly: true })
    .then(
      () => 'ok' as const,
      () => 'unavailable' as const,
    )
}

type Authentication = (credential: string) => Promise<Principal>

function authentication(sessions: Sessions, auth: AuthConfiguration | undefined, now: () => Date): Authentication {
  const byKey: Authentication = (key) => authenticate(sessions, key)
  if (!auth) return byKey
  const byToken = tokenAuthentication(createTokenVerifier(auth, now), (token) => identify(sessions, token))
  return (credential) => (isApiKey(credential) ? byKey(credential) : byToken(credential))
}

function trusting(verify: Authentication, now: () => Date): Authentication {
  const verified = new Map<string, { principal: Principal; untilMs: number }>()
  return async (credential) => {
    const known = verified.get(credential)
    if (known && known.untilMs > now().getTime()) return known.principal
    const principal = await verify(credential)
    if (verified.size >= credentialsTrusted) verified.clear()
    verified.set(credential, { principal, untilMs: now().getTime() + trustMs })
    return principal
  }
}
