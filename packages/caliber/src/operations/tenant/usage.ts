import { z } from 'zod'
import { readToday } from '../../derive/use/useStore.ts'
import { limits } from '../../domain/limits.ts'
import { type ModelUse, useKinds } from '../../domain/modelUse.ts'
import { notFound } from '../../domain/notFound.ts'
import { operation } from '../operation.ts'
import { day, id } from '../schema.ts'

const usage = z.strictObject({
  day: z.string().describe('In UTC.'),
  kind: z
    .enum(useKinds)
    .describe('What the model was asked for: vectors of items, the vector of a question, or a summary.'),
  model: z.string(),
  calls: z.int(),
  inputTokens: z.int().describe('As the provider counted, or estimated where it did not say.'),
  outputTokens: z.int(),
})

const today = z.strictObject({
  limitTokens: z.int().nullable().describe('Null: no limit.'),
  usedTokens: z.int(),
  remainingTokens: z.int().nullable().describe('Null: no limit.'),
  endsAt: z.string().describe('When the next day begins.'),
})

export const tenantUsage = operation({
  name: 'tenant.usage',
  http: 'GET /v1/tenants/{tenantId}/usage',
  summary: 'Get what models were asked for a tenant, by day, and how much is left of today.',
  example: { tenantId: '01890a5d-ac96-774b-bcce-b302099a8057', from: '2026-11-01', until: '2026-11-30' },
  input: z.strictObject({
    tenantId: id('tenant'),
    from: day
      .optional()
      .describe(`The first day (UTC); default: ${limits.defaultUsageDays} days that end with "until".`),
    until: day.optional().describe('The last day; default: today.'),
  }),
  output: z.strictObject({ days: z.array(usage), today }),
  effect: 'operate',
  needs: 'operate',
  mcp: false,
  idempotent: true,

  run: ({ inTenant }, { tenantId, from = null, until = null }) =>
    inTenant(tenantId, async ({ sql }) => {
      const days = await sql<ModelUse & { readonly day: string }>`
        select to_char(u.day, 'YYYY-MM-DD') as day, u.kind, u.model, u.calls,
               u.input_tokens as "inputTokens", u.output_tokens as "outputTokens"
        from (select coalesce(${until}::text::date, (clock_timestamp() at time zone 'UTC')::date) as day) as last
        join caliber.usage u on u.tenant_id = caliber.current_tenant()
          and u.day between coalesce(${from}::text::date, last.day - ${limits.defaultUsageDays - 1}::integer) and last.day
        where u.tenant_id = caliber.current_tenant()
        order by u.day, u.kind, u.model`
      const now = await readToday(sql)
      if (!now) throw notFound('tenant', tenantId)
      const { limitTokens, usedTokens, endsAt } = now
      const remainingTokens = limitTokens === null ? null : Math.max(0, limitTokens - usedTokens)
      return { days, today: { limitTokens, usedTokens, remainingTokens, endsAt } }
    }),
})
