/**
 * The one way in: check the right, check the input, run the operation in its setting, and answer.
 *
 * Every surface calls this and nothing else. A write is one transaction: idempotency record, statements, events; the
 * reply leaves after the commit.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { appendEvents } from '../db/eventLog.ts'
import { assertAnswerIntact, type Validation } from '../db/intact.ts'
import type { Claims, Sessions } from '../db/session.ts'
import type { Sql } from '../db/sql.ts'
import type { QueryVectors } from '../derive/embeddings/queryVectors.ts'
import type { Memories } from '../derive/memories.ts'
import type { QuestionVectors } from '../derive/vector/vectorSpace.ts'
import type { Windows } from '../derive/windows.ts'
import type { Judge } from '../domain/contradiction.ts'
import { CaliberError } from '../domain/errors.ts'
import type { Change } from '../domain/event.ts'
import { inputIssues } from '../domain/inputIssues.ts'
import { limits } from '../domain/limits.ts'
import { notFound } from '../domain/notFound.ts'
import type { Principal } from '../domain/principal.ts'
import type { Seals } from '../domain/seal.ts'
import { operatorOf } from '../domain/tenant.ts'
import { assertStorable, shown } from '../domain/text.ts'
import type { Tokenizer } from '../models/tokenizer.ts'
import { assertRight } from './assertRight.ts'
import { once } from './idempotency.ts'
import type { AnyOperation, ServerStatus } from './operation.ts'
import { registry } from './registry.ts'
import { bootstrapTenant } from './tenant/bootstrap.ts'
import { tenantIds } from './tenant/ids.ts'

export interface Call {
  readonly operation: string
  readonly input: unknown
  /** Absent for a request without a credential. */
  readonly principal?: Principal | undefined
  /** Makes a repeated write answer as the first one did. At most 200 characters. */
  readonly idempotencyKey?: string | undefined
  /** `<regionId>:<fence>` of the leases that a write is made under. */
  readonly fences?: readonly string[] | undefined
}

export type Dispatch = (call: Call) => Promise<unknown>

export interface Parts {
  readonly sessions: Sessions
  readonly memories: Memories
  readonly windows: Windows
  /** Of each embedding model that is configured. */
  readonly queryVectors: readonly QueryVectors[]
  readonly tokenizer: Tokenizer
  readonly judge: Judge
  readonly seals: Seals
  readonly validation: Validation
  newId(): string
  now(): Date
  status(): Promise<ServerStatus>
}

export function createDispatch(parts: Parts): Dispatch {
  const operations = new Map<string, AnyOperation>(registry.map((operation) => [operation.name, operation]))
  return async (call) => {
    const operation = operations.get(call.operation)
    if (!operation) throw new CaliberError('unknown_operation', `There is no operation ${shown(call.operation)}.`)
    if (operation.effect === 'status') {
      return operation.run({ status: parts.status }, parseInput(operation, call.input))
    }
    const principal = authorised(operation, call.principal)
    const claims = claimsOf(operation, principal, call.fences)
    const input = parseInput(operation, call.input)
    switch (operation.effect) {
      case 'read':
        return read(parts, operation, principal, claims, input)
      case 'recall':
        return recall(parts, operation, principal, claims, input)
      case 'operate':
        return operate(parts, operation, principal, input)
      case 'write':
        return waiting(operation.waitMs?.(input) ?? 0, () =>
          write(parts, { operation, principal, claims, input, idempotencyKey: call.idempotencyKey }),
        )
    }
  }
}

type Named<E> = Extract<AnyOperation, { effect: E }>
type Fields = Record<string, unknown>

async function read(parts: Parts, operation: Named<'read'>, principal: Principal, claims: Claims, input: Fields) {
  // Taken before the snapshot, so that it holds whatever had been sealed until then.
  const before = parts.now().toISOString()
  const seals = () => parts.seals.of(principal.tenantId, before)
  const answer = await parts.sessions.run(claims, (sql) => operation.run({ principal, sql, seals }, input), {
    readOnly: true,
  })
  if (parts.validation === 'always') assertAnswerIntact(answer)
  return answer
}

function recall(parts: Parts, operation: Named<'recall'>, principal: Principal, claims: Claims, input: Fields) {
  const { sessions, memories, windows, tokenizer, queryVectors, now } = parts
  const memory = (atLeastSeq: number | undefined) => memories.at(principal, atLeastSeq)
  const memoryAsOf = (seq: number, model: string | undefined) => memories.asOf(principal, seq, model)
  const vectorsOf = async (query: string, model?: string): Promise<QuestionVectors> => {
    if (queryVectors.length === 0) return new Map()
    // What is held knows the models that it needs.
    if (model === undefined) await memory(undefined)
    const spaces = memories.spacesOf(principal.tenantId, model)
    const asked = queryVectors.filter(({ space }) => spaces.includes(space))
    const answers = await Promise.all(asked.map((vectors) => vectors.of(principal.tenantId, query)))
    return new Map(asked.flatMap(({ space }, i) => (answers[i] ? [[space, answers[i]] as const] : [])))
  }
  const stored = <T>(work: (sql: Sql) => Promise<T>) => sessions.run(claims, work, { readOnly: true })
  return operation.run({ principal, tokenizer, now, memory, memoryAsOf, vectorsOf, stored, windows }, input)
}

function operate(parts: Parts, operation: Named<'operate'>, principal: Principal, input: Fields) {
  const { sessions, newId } = parts
  return operation.run(
    {
      newId,
      tenantIds: (after, limit) => tenantIds(sessions, principal, after, limit),
      bootstrap: (tenant) => bootstrapTenant(sessions, tenant),
      inTenant: (tenantId, work) =>
        changing(parts, { tenantId, principalId: operatorOf(tenantId), reach: 'all' }, async (sql, emit) => {
          const found = await sql`select 1 from caliber.tenant where tenant_id = caliber.current_tenant()`
          if (found.length === 0) throw notFound('tenant', tenantId)
          return work({ sql, emit })
        }),
    },
    input,
  )
}

interface Write {
  readonly operation: Named<'write'>
  readonly principal: Principal
  readonly claims: Claims
  readonly input: Fields
  readonly idempotencyKey: string | undefined
}

function write(parts: Parts, { operation, principal, claims, input, idempotencyKey }: Write): Promise<unknown> {
  const { newId, tokenizer, judge } = parts
  return changing(parts, claims, (sql, emit, appended) =>
    once(sql, { key: idempotencyKey, operation, input, principal }, async () => {
      const output = await operation.run({ principal, sql, newId, emit, judge, countTokens: tokenizer.count }, input)
      await appended()
      return output
    }),
  )
}

/** One transaction that commits with the events it emits or not at all. */
async function changing<T>(
  { sessions, memories }: Parts,
  claims: Claims,
  work: (sql: Sql, emit: (change: Change) => void, appended: () => Promise<void>) => Promise<T>,
): Promise<T> {
  let seq = 0
  const answer = await sessions.run(claims, async (sql) => {
    const changes: Change[] = []
    const appended = async () => {
      if (changes.length > 0) seq = await appendEvents(sql, changes.splice(0))
    }
    const output = await work(sql, (change) => void changes.push(change), appended)
    await appended()
    return output
  })
  memories.grown(claims.tenantId, seq)
  return answer
}

/** How often a lock that is held is looked at again: a lease rarely ends on time, and every look is a transaction. */
const lookAgainMs = 50

/** Try again while somebody holds the lock, each time in a transaction of its own: nothing is held while waiting. */
async function waiting<T>(waitMs: number, attempt: () => Promise<T>): Promise<T> {
  const untilMs = performance.now() + waitMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const leftMs = untilMs - performance.now()
      if (!(error instanceof CaliberError) || error.code !== 'lock_held' || leftMs <= 0) throw error
      await sleep(Math.min(lookAgainMs, leftMs))
    }
  }
}

/** @throws CaliberError `unauthenticated` without a principal, `forbidden` when it lacks the right */
function authorised(operation: AnyOperation, principal: Principal | undefined): Principal {
  const { name, reach } = operation
  if (!principal) {
    throw new CaliberError('unauthenticated', `${name} needs a credential. Send an API key as a bearer token.`)
  }
  assertRight(operation, principal)
  if (reach === 'tenant' && principal.regions) {
    throw new CaliberError(
      'forbidden',
      `${name} concerns the whole tenant, and this credential opens some regions only.`,
    )
  }
  return principal
}

/** @throws CaliberError `invalid_input` for fences of another form */
function claimsOf({ reach }: AnyOperation, principal: Principal, fences: readonly string[] = []): Claims {
  const { tenantId, principalId, regions } = principal
  return {
    tenantId,
    principalId,
    reach: reach === undefined ? (regions ?? 'own') : 'all',
    fences: checkedFences(fences),
  }
}

const fence = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}:[1-9][0-9]{0,15}$/

function checkedFences(fences: readonly string[]): readonly string[] {
  if (fences.length <= limits.locksPerCall && fences.every((each) => fence.test(each))) return fences
  throw new CaliberError(
    'invalid_input',
    `A fence is written <regionId>:<fence>, and ${limits.locksPerCall} may be sent at most. Send those that lock.acquire gave.`,
  )
}

/** @throws CaliberError `invalid_input`, listing the issues with their paths */
function parseInput({ name, input: schema }: AnyOperation, input: unknown): Fields {
  assertStorable(input)
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const issues = inputIssues(result.error.issues)
  throw new CaliberError(
    'invalid_input',
    `${name}: ${issues.map(({ path, message }) => `${path || 'input'}: ${message}`).join('; ')}.`,
    {
      issues,
    },
  )
}
