import { z } from 'zod'
import { CaliberError } from '../../domain/errors.ts'
import { operation } from '../operation.ts'
import { assertWithin, findPrincipal } from '../principal/entity.ts'
import { id } from '../schema.ts'
import { earlier, insertKey, issuedKey, narrowing } from './entity.ts'

export const issueKey = operation({
  name: 'key.issue',
  http: 'POST /v1/keys',
  summary: 'Issue an API key for a principal. It is shown this once.',
  example: { principalId: '01890a5d-ac96-774b-bcce-b302099a8057', name: 'nightly job', rights: ['read'] },
  input: z.strictObject({ principalId: id('principal it stands for'), ...narrowing }),
  output: issuedKey,
  effect: 'write',
  needs: 'admin',
  reach: 'tenant',
  mcp: false,
  idempotent: false,
  secret: true,

  async run(context, { principalId, name, rights, regions, expiresAt }) {
    const { sql, principal: caller } = context
    const owner = await findPrincipal(sql, principalId)
    if (owner.kind === 'operator' || owner.disabledAt !== null) {
      throw new CaliberError(
        'conflict',
        `Principal ${principalId} takes no keys: it is disabled or not a tenant's own.`,
      )
    }
    const given = rights ?? owner.rights.filter((right) => caller.rights.includes(right))
    assertWithin(given, owner.rights, `Principal ${principalId}`)
    assertWithin(given, caller.rights, 'Your credential')
    return insertKey(context, {
      principalId,
      parentId: caller.keyId ?? null,
      name: name ?? null,
      rights: given,
      regions: regions ?? null,
      expiresAt: earlier(expiresAt ?? null, caller.expiresAt ?? null),
    })
  },
})
