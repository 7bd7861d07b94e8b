import { z } from 'zod'
import { limits } from '../../domain/limits.ts'
import { operation } from '../operation.ts'
import { ownTenant, tenant } from './entity.ts'

const days = (since: string) =>
  z.int().min(1).max(limits.retentionDays).nullable().optional().describe(`Days from ${since}; null for ever.`)

export const retainTenant = operation({
  name: 'tenant.retain',
  http: 'PUT /v1/tenant/retention',
  summary:
    'Set how long your tenant keeps turns of closed scopes, and notes that have ended; then they are erased for good.',
  example: { turnRetentionDays: 365, noteRetentionDays: 90 },
  input: z.strictObject({
    turnRetentionDays: days('when the scope of a turn was closed'),
    noteRetentionDays: days('when a note was superseded or retracted, or ceased to hold'),
  }),
  output: tenant,
  effect: 'write',
  // What goes is gone for others as well, as with forgetting.
  needs: 'admin',
  reach: 'tenant',
  mcp: false,
  idempotent: true,

  async run({ sql, emit, principal: { tenantId } }, { turnRetentionDays: turns, noteRetentionDays: notes }) {
    await sql`
      update caliber.tenant
      set turn_retention_days = case when ${turns === undefined} then turn_retention_days else ${turns ?? null}::integer end,
          note_retention_days = case when ${notes === undefined} then note_retention_days else ${notes ?? null}::integer end
      where tenant_id = caliber.current_tenant()`
    const retained = await ownTenant(sql)
    const { turnRetentionDays, noteRetentionDays } = retained
    emit({
      kind: 'tenant.retained',
      subjectId: tenantId,
      regionId: null,
      data: { turnRetentionDays, noteRetentionDays },
    })
    return retained
  },
})
