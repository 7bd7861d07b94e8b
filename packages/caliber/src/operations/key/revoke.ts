import { z } from 'zod'
import { keyColumns } from '../../db/columns.ts'
import { uuids } from '../../db/sql.ts'
import { only } from '../only.ts'
import { operation } from '../operation.ts'
import { id } from '../schema.ts'
import { apiKey, lockFamily, type StoredKey } from './entity.ts'

export const revokeKey = operation({
  name: 'key.revoke',
  http: 'POST /v1/keys/{keyId}/revoke',
  summary: 'Revoke a key and every key made from it. After a second no server takes them.',
  example: { keyId: '01890a5d-ac96-774b-bcce-b302099a8057' },
  input: z.strictObject({ keyId: id('key') }),
  output: apiKey,
  effect: 'write',
  needs: 'read',
  reach: 'credential',
  mcp: false,
  idempotent: false,

  async run({ sql, emit, principal: caller }, { keyId }) {
    const family = await lockFamily(sql, caller, keyId)
    await sql`
      update caliber.api_key set revoked_at = clock_timestamp()
      where tenant_id = caliber.current_tenant() and id = any(${uuids(family.map((key) => key.keyId))})`
    for (const key of family) emit({ kind: 'key.revoked', subjectId: key.keyId, regionId: null, data: {} })
    return only(
      await sql<StoredKey>`
        select ${keyColumns} from caliber.api_key where tenant_id = caliber.current_tenant() and id = ${keyId}`,
    )
  },
})
