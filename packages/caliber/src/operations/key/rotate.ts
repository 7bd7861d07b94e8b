import { z } from 'zod'
import { uuids } from '../../db/sql.ts'
import { limits } from '../../domain/limits.ts'
import { operation } from '../operation.ts'
import { assertWithin } from '../principal/entity.ts'
import { id } from '../schema.ts'
import { insertKey, issuedKey, lockFamily } from './entity.ts'

export const rotateKey = operation({
  name: 'key.rotate',
  http: 'POST /v1/keys/{keyId}/rotate',
  summary: 'Replace a key: the new one works at once, the old one for a while longer, so that nothing stops.',
  example: { keyId: '01890a5d-ac96-774b-bcce-b302099a8057', overlapHours: 24 },
  input: z.strictObject({
    keyId: id('key to replace'),
    overlapHours: z
      .number()
      .min(0)
      .max(limits.keyOverlapHours)
      .default(24)
      .describe('How long the old key, and what was made from it, still works.'),
  }),
  output: issuedKey,
  effect: 'write',
  needs: 'read',
  reach: 'credential',
  mcp: false,
  idempotent: false,
  secret: true,

  async run(context, { keyId, overlapHours }) {
    const { sql, principal: caller } = context
    const [old, ...made] = await lockFamily(sql, caller, keyId)
    assertWithin(old.rights, caller.rights, 'Your credential')
    const issued = await insertKey(context, old)
    await sql`
      update caliber.api_key
      set expires_at = least(expires_at, clock_timestamp() + make_interval(secs => ${overlapHours * 3600}))
      where tenant_id = caliber.current_tenant() and id = any(${uuids([old, ...made].map((key) => key.keyId))})`
    return issued
  },
})
