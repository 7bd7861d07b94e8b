import { z } from 'zod'
import { CaliberError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import { commonRegionOf } from '../../domain/tenant.ts'
import { operation } from '../operation.ts'
import { id, text } from '../schema.ts'
import { assertItems } from './assertItems.ts'

export const revokeMemory = operation({
  name: 'memory.revoke',
  http: 'POST /v1/memory/revoke',
  summary:
    'Distrust an item, a transcript or a principal: everything derived from it is set aside until it is restored.',
  example: { source: 'standup-2026-05-04.jsonl', reason: 'the page that it quotes was tampered with' },
  input: z.strictObject({
    itemId: id('turn, artifact or note').optional(),
    source: text(limits.keyChars).optional().describe('Name of an imported transcript, of any region.'),
    principalId: id('principal: whatever it wrote and will write').optional(),
    reason: text(limits.reasonChars).describe('Shown to whoever asks why something is set aside.'),
  }),
  output: z.strictObject({
    distrustId: id('distrust, by which it is restored'),
    items: z.int().describe('Items that are set aside by it now.'),
  }),
  effect: 'write',
  needs: 'admin',
  reach: 'tenant',
  mcp: false,
  idempotent: false,

  async run({ sql, newId, emit, principal }, { itemId, source, principalId, reason }) {
    if ([itemId, source, principalId].filter((each) => each !== undefined).length !== 1) {
      throw new CaliberError('invalid_input', 'Distrust one thing at a time: itemId, source or principalId.')
    }
    if (itemId !== undefined) await assertItems(sql, [itemId])
    const distrustId = newId()
    const regions = await sql<{ regionId: string; items: number }>`
      select region_id as "regionId", items
      from caliber.distrust_source(${distrustId}, ${itemId ?? null}, ${source ?? null}, ${principalId ?? null}, ${reason})`
    const told = regions.length > 0 ? regions : [{ regionId: commonRegionOf(principal.tenantId), items: 0 }]
    for (const { regionId, items } of told) {
      emit({ kind: 'memory.revoked', subjectId: distrustId, regionId, data: { items } })
    }
    return { distrustId, items: regions.reduce((sum, { items }) => sum + items, 0) }
  },
})
