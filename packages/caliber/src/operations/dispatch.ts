/**
 * The one way in: check the right, check the input, run the operation in its setting, and answer.
 *
 * Every surface calls this and nothing else. A write is one transaction: idempotency record, statements, events; the
 * reply leaves after the commit.
 */
import type { z } from 'zod'
import { appendEvents } from '../db/eventLog.ts'
import { inSession } from '../db/session.ts'
import type { Database } from '../db/sql.ts'
import type { Memories } from '../derive/memories.ts'
import type { Windows } from '../derive/windows.ts'
import { CaliberError } from '../domain/errors.ts'
import type { Change } from '../domain/event.ts'
import type { Principal } from '../domain/principal.ts'
import { assertStorable } from '../domain/text.ts'
import type { Tokenizer } from '../models/tokenizer.ts'
import { once } from './idempotency.ts'
import type { AnyOperation, ServerStatus } from './operation.ts'
import { registry } from './registry.ts'

export interface Call {
  readonly operation: string
  readonly input: unknown
  /** Absent for a request without a credential. */
  readonly principal?: Principal | undefined
  /** Makes a repeated write answer as the first one did. At most 200 characters. */
  readonly idempotencyKey?: string | undefined
}

export type Dispatch = (call: Call) => Promise<unknown>

export interface Parts {
  readonly database: Database
  readonly memories: Memories
  readonly windows: Windows
  readonly tokenizer: Tokenizer
  newId(): string
  now(): Date
  status(): Promise<ServerStatus>
}

export function createDispatch(parts: Parts): Dispatch {
  const operations = new Map<string, AnyOperation>(registry.map((operation) => [operation.name, operation]))
  return async ({ operation: name, input, principal, idempotencyKey }) => {
    const operation = operations.get(name)
    if (!operation) throw new CaliberError('unknown_operation', `There is no operation ${shown(name)}.`)
    if (operation.effect === 'status') return operation.run({ status: parts.status }, parseInput(operation, input))
    const caller = authorised(operation, principal)
    const parsed = parseInput(operation, input)
    switch (operation.effect) {
      case 'read':
        return inSession(parts.database, caller, (sql) => operation.run({ principal: caller, sql }, parsed), {
          readOnly: true,
        })
      case 'recall':
        return recall(parts, operation, caller, parsed)
      case 'write':
        return write(parts, operation, caller, parsed, idempotencyKey)
    }
  }
}

type Named<E> = Extract<AnyOperation, { effect: E }>

function recall(parts: Parts, operation: Named<'recall'>, principal: Principal, input: Record<string, unknown>) {
  const { memories, windows, tokenizer, now } = parts
  return operation.run(
    {
      principal,
      tokenizer,
      now,
      memory: (atLeastSeq) => memories.at(principal, atLeastSeq),
      windows,
    },
    input,
  )
}

async function write(
  { database, memories, tokenizer, newId }: Parts,
  operation: Named<'write'>,
  principal: Principal,
  input: Record<string, unknown>,
  idempotencyKey: string | undefined,
): Promise<unknown> {
  let seq = 0
  const answer = await inSession(database, principal, (sql) =>
    once(sql, { key: idempotencyKey, operation: operation.name, input }, async () => {
      const changes: Change[] = []
      const emit = (change: Change) => void changes.push(change)
      const output = await operation.run({ principal, sql, newId, emit, countTokens: tokenizer.count }, input)
      if (changes.length > 0) seq = await appendEvents(sql, changes)
      return output
    }),
  )
  memories.grown(principal.tenantId, seq)
  return answer
}

/** @throws CaliberError `unauthenticated` without a principal, `forbidden` when it lacks the right */
function authorised({ name, needs }: AnyOperation, principal: Principal | undefined): Principal {
  if (!principal) {
    throw new CaliberError('unauthenticated', `${name} needs a credential. Send an API key as a bearer token.`)
  }
  if (needs !== 'none' && !principal.rights.includes(needs)) {
    throw new CaliberError('forbidden', `${name} needs the right "${needs}", which this credential lacks.`, {
      needs,
      has: principal.rights,
    })
  }
  return principal
}

/** @throws CaliberError `invalid_input`, listing every issue with its path */
function parseInput({ name, input: schema }: AnyOperation, input: unknown): Record<string, unknown> {
  assertStorable(input)
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const issues = result.error.issues.slice(0, 20).map(describeIssue)
  throw new CaliberError(
    'invalid_input',
    `${name}: ${issues.map(({ path, message }) => `${path || 'input'}: ${message}`).join('; ')}.`,
    {
      issues,
    },
  )
}

function describeIssue(issue: z.core.$ZodIssue): { path: string; message: string } {
  return { path: shown(issue.path.join('.')), message: shown(issue.message) }
}

/** Quote back at most so much of what a caller sent; a cut may fall between the halves of a character. */
function shown(text: string): string {
  return text.length <= 200 ? text.toWellFormed() : `${text.slice(0, 200).toWellFormed()}…`
}
