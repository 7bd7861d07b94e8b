/**
 * What an operation is: a name, a schema on both sides, the right it needs and a function. Everything a surface shows
 * (route, tool, command, client method, page of the reference) is read off this description.
 */
import type { z } from 'zod'
import type { Sql } from '../db/sql.ts'
import type { TenantMemory } from '../derive/tenantMemory.ts'
import type { Windows } from '../derive/windows.ts'
import type { Change } from '../domain/event.ts'
import type { Principal, Right } from '../domain/principal.ts'
import type { Tokenizer } from '../models/tokenizer.ts'

/** What the function of a write gets: one transaction, in the principal's name, that commits with its events or not at all. */
export interface WriteContext {
  readonly principal: Principal
  readonly sql: Sql
  newId(): string
  /** Count as the receipts do. */
  countTokens(text: string): number
  /** Report a change. Appended to the tenant's log as the last act of the transaction. */
  emit(change: Change): void
}

/** A read gets one read-only snapshot. */
export interface ReadContext {
  readonly principal: Principal
  readonly sql: Sql
}

/** A recall is answered from the tenant's memory graph, without a transaction. */
export interface RecallContext {
  readonly principal: Principal
  /** The tenant's memory, as of event `atLeastSeq` or later. @throws CaliberError `unavailable` when it is not there yet */
  memory(atLeastSeq: number | undefined): Promise<TenantMemory>
  readonly tokenizer: Tokenizer
  /** The receipts of assembled contexts. */
  readonly windows: Windows
  now(): Date
}

/** What a server says of itself, to anybody. */
export interface StatusContext {
  status(): Promise<ServerStatus>
}

export interface ServerStatus {
  readonly version: string
  readonly tier: 'embedded' | 'native' | 'server'
  readonly database: 'ok' | 'unavailable'
  readonly uptimeSeconds: number
}

interface Contexts {
  readonly write: WriteContext
  readonly read: ReadContext
  readonly recall: RecallContext
  readonly status: StatusContext
}

export type Effect = keyof Contexts
export type HttpRoute = `${'GET' | 'POST' | 'PUT'} /v1/${string}`

export interface Operation<E extends Effect, Input extends z.ZodObject, Output extends z.ZodType> {
  /** `noun.verb`; the name everywhere. */
  readonly name: `${string}.${string}`
  /** Verb and path. `{field}` in the path is a field of the input; so is the query of a GET and the body of the others. */
  readonly http: HttpRoute
  /** One sentence in the imperative; shown by every surface. */
  readonly summary: string
  /** A complete input that works on a fresh memory once its ids are replaced. Shown in help and reference, checked against the schema. */
  readonly example: Record<string, unknown>
  readonly input: Input
  readonly output: Output
  readonly effect: E
  /** The right a credential must carry; `none` answers without one. */
  readonly needs: Right | 'none'
  /** Offered as a tool to models. */
  readonly mcp: boolean
  /** Doing it twice is the same as doing it once, even without an idempotency key. */
  readonly idempotent: boolean
  run(context: Contexts[E], input: z.output<Input>): Promise<Answer<z.input<Output>>>
}

/** What a function returns: the schema's type with nothing left to write to, as entities are. */
type Answer<T> = T extends readonly (infer Item)[]
  ? readonly Answer<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Answer<T[Key]> }
    : T

/** Any entry of the registry. */
export type AnyOperation = { [E in Effect]: Operation<E, z.ZodObject, z.ZodType> }[Effect]

/** Describe an operation; infers the types of `run` from the schemas. */
export function operation<E extends Effect, Input extends z.ZodObject, Output extends z.ZodType>(
  description: Operation<E, Input, Output>,
): Operation<E, Input, Output> {
  return description
}
