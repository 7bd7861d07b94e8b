/** Settings for tests of the HTTP surface: what it hands on is recorded, or refused by the real dispatch. */
import { newClaimKey } from '../../../db/claimKey.ts'
import { openSessions } from '../../../db/session.ts'
import type { Database } from '../../../db/sql.ts'
import { Memories } from '../../../derive/memories.ts'
import { Derivations } from '../../../derive/summaries/derivations.ts'
import { Meter } from '../../../derive/use/meter.ts'
import { Windows } from '../../../derive/windows.ts'
import { judgeByWords } from '../../../domain/contradiction.ts'
import { CaliberError } from '../../../domain/errors.ts'
import { type Principal, rights } from '../../../domain/principal.ts'
import { extractiveSummariser } from '../../../models/extractiveSummariser.ts'
import type { Tokenizer } from '../../../models/tokenizer.ts'
import { type Call, createDispatch, type Dispatch } from '../../../operations/dispatch.ts'
import { createHttpApp, type HttpParts } from '../app.ts'

export const key = 'cal_test'
export const auth = { authorization: `Bearer ${key}` }
export const someId = '01890a5d-ac96-774b-bcce-b302099a8057'
export const principal: Principal = { tenantId: someId, principalId: someId, rights }

export async function authenticate(given: string): Promise<Principal> {
  if (given === key) return principal
  throw new CaliberError('unauthenticated', 'The API key is not valid. Check it, or make a new one.')
}

/** An app whose dispatch keeps every call and answers with it, or as `answer` says. */
export async function recordingApp(answer: (call: Call) => unknown = (call) => call, more: Partial<HttpParts> = {}) {
  const calls: Call[] = []
  const dispatch: Dispatch = async (call) => {
    calls.push(call)
    return answer(call)
  }
  return { app: await createHttpApp({ dispatch, authenticate, log: false, ...more }), calls }
}

/** An app over the real dispatch: inputs are checked as ever, and a valid one finds an empty database. */
export async function emptyApp() {
  const database: Database = {
    tier: 'embedded',
    transaction: async () => {
      throw new CaliberError('not_found', 'There is nothing here.')
    },
    script: async () => {},
    listen: async () => async () => {},
    close: async () => {},
  }
  const now = () => new Date(0)
  const sessions = openSessions(database, newClaimKey())
  const tokenizer: Tokenizer = {
    name: 'characters',
    count: ({ length }) => length,
    countAround: (head, body, _, tail) => (head + body + tail).length,
  }
  const meter = new Meter(sessions, { now })
  const summaries = {
    summariser: extractiveSummariser(tokenizer.count),
    derivations: new Derivations(sessions, meter),
    meter,
    tokenizer,
  }
  const dispatch = createDispatch({
    sessions,
    memories: new Memories(sessions, {
      maxBytes: 1_000_000,
      pollMs: 1_000_000,
      validation: 'on_mutation',
      embeddings: [],
      summaries,
      now,
    }),
    windows: new Windows(sessions),
    queryVectors: [],
    seals: { of: async () => ({ seals: [], faults: [] }), append: async () => {} },
    validation: 'on_mutation',
    judge: judgeByWords,
    tokenizer,
    newId: () => someId,
    now,
    status: async () => ({ version: '0.0.0', tier: 'embedded', database: 'ok', uptimeSeconds: 1 }),
  })
  return createHttpApp({ dispatch, authenticate, log: false })
}
