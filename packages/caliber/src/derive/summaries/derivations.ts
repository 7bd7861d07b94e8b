/**
 * Values that a model makes, each made once among all processes and kept with its lineage (0018_derivation.sql).
 *
 * Whoever finds no value under its action claims the making; the others look again until it is published or the claim has run
 * out. A process that lost its claim while it was making the value uses what it made and publishes nothing; what the model took
 * is counted all the same.
 */
import { setTimeout } from 'node:timers/promises'
import type { Sessions } from '../../db/session.ts'
import { type Sql, type TransactionOptions, texts, uuids } from '../../db/sql.ts'
import { CaliberError } from '../../domain/errors.ts'
import type { RegionId, TenantId } from '../../domain/ids.ts'
import { operatorOf } from '../../domain/tenant.ts'
import type { Summary } from '../../models/summariser.ts'
import type { Asked, Meter } from '../use/meter.ts'
import { addUse } from '../use/useStore.ts'
import type { Source } from './summaryTree.ts'

export interface Derivation {
  /** What the value is: a new one under the same id takes its place. */
  readonly id: string
  readonly kind: 'summary' | 'window'
  readonly regionId: RegionId
  /** Digest of how it is made, lower-case hex: version, model, inputs. */
  readonly action: string
  readonly model: string
  /** Items and other derivations that it is made of. */
  readonly sources: readonly Source[]
  readonly signal: AbortSignal
}

/** Longer than a model may take with all of its attempts. */
const leaseMs = 300_000
const lookAgainMs = 100

export class Derivations {
  readonly #sessions: Sessions
  readonly #meter: Meter

  constructor(sessions: Sessions, meter: Meter) {
    this.#sessions = sessions
    this.#meter = meter
  }

  /**
   * The value of a derivation: the one that is kept, or else what `make` gives.
   *
   * @throws CaliberError `quota_exceeded` where it is not kept and the tenant has used up its day
   * @throws what `make` throws; then nothing is kept
   */
  async obtain(tenantId: TenantId, derivation: Derivation, make: () => Promise<Asked<Summary>>): Promise<string> {
    const { id, signal } = derivation
    for (;;) {
      if (signal.aborted) throw new CaliberError('unavailable', 'The summary was cancelled.')
      const kept = await this.find(tenantId, derivation)
      if (kept !== undefined) return kept
      // A claim sets an older value aside: not by somebody who may not make the new one.
      await this.#meter.assertLeft(tenantId)
      const fence = await this.#claim(tenantId, derivation)
      if (fence === undefined) {
        await setTimeout(lookAgainMs, undefined, { signal }).catch(() => undefined)
        continue
      }
      const made = await make().catch(async (error: unknown) => {
        await this.#as(tenantId, (sql) => sql`select caliber.release_derivation(${id}, ${fence})`)
        throw error
      })
      await this.#meter.storing(tenantId, made.use, () => this.#publish(tenantId, derivation, fence, made))
      return made.answer.text
    }
  }

  /** The value of a derivation if it is kept. */
  async find(tenantId: TenantId, { id, action }: Derivation): Promise<string | undefined> {
    const [row] = await this.#as(
      tenantId,
      (sql) => sql<{ output: string }>`
        select output from caliber.derivation
        where tenant_id = caliber.current_tenant() and id = ${id} and action = decode(${action}, 'hex') and status = 'ready'`,
      { readOnly: true },
    )
    return row?.output
  }

  async #claim(tenantId: TenantId, { id, kind, regionId, action }: Derivation): Promise<number | undefined> {
    const [row] = await this.#as(
      tenantId,
      (sql) => sql<{ fence: number | null }>`
        select caliber.claim_derivation(${id}, ${regionId}, ${kind}, decode(${action}, 'hex'), ${leaseMs}) as fence`,
    )
    return row?.fence ?? undefined
  }

  async #publish(tenantId: TenantId, { id, model, sources }: Derivation, fence: number, made: Asked<Summary>) {
    const { text, inputTokens, outputTokens } = made.answer
    await this.#as(tenantId, async (sql) => {
      await sql`
        select caliber.publish_derivation(
          ${id}, ${fence}, ${text}, ${model}, ${inputTokens}, ${outputTokens},
          ${uuids(sources.map((source) => source.id))}, ${texts(sources.map(({ action = '' }) => action))})`
      await addUse(sql, made.use)
    })
  }

  #as<T>(tenantId: TenantId, work: (sql: Sql) => Promise<T>, options?: TransactionOptions): Promise<T> {
    return this.#sessions.run({ tenantId, principalId: operatorOf(tenantId), reach: 'all' }, work, options)
  }
}
