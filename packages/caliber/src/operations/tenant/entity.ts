import { z } from 'zod'
import { tenantColumns } from '../../db/columns.ts'
import type { Sql } from '../../db/sql.ts'
import { only } from '../only.ts'
import { id } from '../schema.ts'

export const tenant = z.strictObject({
  tenantId: id('tenant'),
  name: z.string(),
  suspendedAt: z.string().nullable(),
  items: z.int().describe('Turns, artifact revisions and notes that it has stored.'),
  bytes: z.int().describe('Octets of their content.'),
  maxItems: z.int().nullable().describe('Null: no limit.'),
  maxBytes: z.int().nullable().describe('Null: no limit.'),
  modelTokensPerDay: z.int().nullable().describe('Null: models are asked without a limit.'),
  turnRetentionDays: z.int().nullable().describe('Null: turns are kept for ever.'),
  noteRetentionDays: z.int().nullable().describe('Null: notes that have ended are kept for ever.'),
  createdAt: z.string(),
})

export const most = (what: string) =>
  z.int().min(0).nullable().optional().describe(`Most ${what} it may store; null for no limit.`)

export const mostModelTokens = z
  .int()
  .min(0)
  .nullable()
  .optional()
  .describe('Most tokens that models may read and write for it in a day (UTC); null for no limit.')

export interface Tenant {
  readonly tenantId: string
  readonly name: string
  readonly suspendedAt: string | null
  readonly items: number
  readonly bytes: number
  readonly maxItems: number | null
  readonly maxBytes: number | null
  readonly modelTokensPerDay: number | null
  readonly turnRetentionDays: number | null
  readonly noteRetentionDays: number | null
  readonly createdAt: string
}

/** The tenant that the session is in. */
export async function ownTenant(sql: Sql): Promise<Tenant> {
  return only(
    await sql<Tenant>`
      select ${tenantColumns} from caliber.tenant t
      left join caliber.event_head h on h.tenant_id = t.tenant_id
      where t.tenant_id = caliber.current_tenant()`,
  )
}
