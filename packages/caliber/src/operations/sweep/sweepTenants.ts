/**
 * Delete what has outlived its time, and what nobody can ask for any more.
 *
 * A sweep works in batches: each is a transaction with its event, so it may end anywhere and the next one goes on from there.
 * What is over is decided by the clock of the database, as everything that ends.
 */
import { appendEvents } from '../../db/eventLog.ts'
import type { Claims, Sessions } from '../../db/session.ts'
import type { Sql } from '../../db/sql.ts'
import type { Change } from '../../domain/event.ts'
import type { TenantId } from '../../domain/ids.ts'
import { operatorOf } from '../../domain/tenant.ts'
import type { WriteContext } from '../operation.ts'
import { tenantIds } from '../tenant/ids.ts'
import { type ModelsInUse, sayInUse, sweepItemVectors, sweepSummaries, sweepVectors } from './derived.ts'
import { sweepAnswers, sweepUsage, sweepWindows } from './expired.ts'
import { eraseOutlived } from './outlived.ts'

export interface SweepOptions {
  /** What this process makes vectors and summaries with: those are in use. */
  readonly models: ModelsInUse
  /** Ends the sweep after the batch that it is at. */
  readonly signal: AbortSignal
  newId(): string
}

/** What one batch deleted, in numbers. */
type Batch = (context: Pick<WriteContext, 'sql' | 'newId' | 'emit'>) => Promise<Readonly<Record<string, number>>>

const batches: readonly Batch[] = [
  async ({ sql }) => ({
    answers: await sweepAnswers(sql),
    windows: await sweepWindows(sql),
    usage: await sweepUsage(sql),
  }),
  eraseOutlived,
  async ({ sql }) => ({ vectors: (await sweepVectors(sql)) + (await sweepItemVectors(sql)) }),
  async ({ sql }) => ({ summaries: await sweepSummaries(sql) }),
]

/** Sweep one tenant, as its operator. A batch that deleted something is an event. @returns rows and items deleted */
export async function sweepTenant(
  sessions: Sessions,
  tenantId: TenantId,
  { models, signal, newId }: SweepOptions,
): Promise<number> {
  const claims = { tenantId, principalId: operatorOf(tenantId), reach: 'all' } as const
  await sessions.run(claims, (sql) => sayInUse(sql, models))
  let total = 0
  for (const batch of batches) {
    for (let deleted = 1; deleted > 0 && !signal.aborted; total += deleted) {
      deleted = await sessions.run(claims, (sql) => told(sql, tenantId, batch, newId))
    }
  }
  return total
}

async function told(sql: Sql, tenantId: TenantId, batch: Batch, newId: () => string): Promise<number> {
  const changes: Change[] = []
  const data = await batch({ sql, newId, emit: (change) => void changes.push(change) })
  const deleted = Object.values(data).reduce((sum, rows) => sum + rows, 0)
  if (deleted > 0) {
    await appendEvents(sql, [...changes, { kind: 'sweep.ran', subjectId: tenantId, regionId: null, data }])
  }
  return deleted
}

const tenantsAtOnce = 100

/**
 * Sweep every tenant of the installation, one after another. One that fails is told of and keeps no other waiting.
 *
 * @param claims of whoever runs the installation
 */
export async function sweepTenants(
  sessions: Sessions,
  claims: Claims,
  options: SweepOptions,
  onFailure: (error: unknown, tenantId: TenantId) => void,
): Promise<void> {
  for (let after: string | undefined; !options.signal.aborted; ) {
    const ids = await tenantIds(sessions, claims, after, tenantsAtOnce)
    for (const tenantId of ids) {
      if (options.signal.aborted) return
      await sweepTenant(sessions, tenantId, options).catch((error: unknown) => onFailure(error, tenantId))
    }
    after = ids.at(-1)
    if (ids.length < tenantsAtOnce) return
  }
}
