/**
 * What an operation is: a name, a schema on both sides, the right it needs and a function. Everything a surface shows
 * (route, tool, command, client method, page of the reference) is read off this description.
 */
import type { z } from 'zod'
import type { Sql } from '../db/sql.ts'
import type { MemoryView } from '../derive/memoryView.ts'
import type { QuestionVectors } from '../derive/vector/vectorSpace.ts'
import type { Windows } from '../derive/windows.ts'
import type { Judge } from '../domain/contradiction.ts'
import type { Change } from '../domain/event.ts'
import type { Principal, Right } from '../domain/principal.ts'
import type { SealedLog } from '../domain/seal.ts'
import type { Tokenizer } from '../models/tokenizer.ts'
import type { NewTenant } from './tenant/bootstrap.ts'

/** What the function of a write gets: one transaction, in the principal's name, that commits with its events or not at all. */
export interface WriteContext {
  readonly principal: Principal
  readonly sql: Sql
  newId(): string
  /** Count as the receipts do. */
  countTokens(text: string): number
  /** Whether two statements can both hold. */
  readonly judge: Judge
  /** Report a change. Appended to the tenant's log as the last act of the transaction. */
  emit(change: Change): void
}

/** A read gets one read-only snapshot. */
export interface ReadContext {
  readonly principal: Principal
  readonly sql: Sql
  /** What had been sealed of the tenant's log, outside the database, before the snapshot was taken. */
  seals(): Promise<SealedLog>
}

/** A recall is answered from the tenant's memory graph, most often without a transaction. */
export interface RecallContext {
  readonly principal: Principal
  /**
   * What the principal may read of the tenant's memory, as of event `atLeastSeq` or later.
   *
   * @throws CaliberError `unavailable` when it is not there yet
   */
  memory(atLeastSeq: number | undefined): Promise<MemoryView>
  /**
   * The same as it was at an event, with the vectors of a model: `Memories.asOf` says what that takes, and what is not in
   * it.
   */
  memoryAsOf(seq: number, model: string | undefined): Promise<MemoryView>
  /** Run one read-only transaction, for what only the database knows. Never while another is open. */
  stored<T>(work: (sql: Sql) => Promise<T>): Promise<T>
  /** The vectors of a question by the models that rank the memory, or by the one named; of those that answer in time. */
  vectorsOf(query: string, model?: string): Promise<QuestionVectors>
  readonly tokenizer: Tokenizer
  /** The receipts of assembled contexts. */
  readonly windows: Windows
  now(): Date
}

/** What an operator's function gets: transactions in the name of one tenant at a time, each with its events. */
export interface OperateContext {
  newId(): string
  /** Tenants after `after` in order of their ids. */
  tenantIds(after: string | undefined, limit: number): Promise<readonly string[]>
  bootstrap(tenant: NewTenant): Promise<void>
  /** @throws CaliberError `not_found` for a tenant that is not there */
  inTenant<T>(tenantId: string, work: (context: Pick<WriteContext, 'sql' | 'emit'>) => Promise<T>): Promise<T>
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
  readonly operate: OperateContext
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
  /**
   * `tenant`: the session reaches every region and key of the tenant, whoever asks; refused to credentials that are narrowed
   * to some regions. `credential`: the same, for operations on the caller's own keys, narrowed or not. Where it is left
   * out, the session reaches what the principal may.
   */
  readonly reach?: 'tenant' | 'credential'
  /** The answer holds a secret, which is shown this once and kept nowhere: a repeated request is told so. */
  readonly secret?: true
  /** Of a write: for how many milliseconds a refusal with `lock_held` is tried again. */
  waitMs?(input: z.output<Input>): number
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
