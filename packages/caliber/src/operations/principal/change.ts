import { z } from 'zod'
import { principalColumns } from '../../db/columns.ts'
import { texts } from '../../db/sql.ts'
import { CaliberError } from '../../domain/errors.ts'
import { tenantRights } from '../../domain/principal.ts'
import { only } from '../only.ts'
import { operation } from '../operation.ts'
import { id } from '../schema.ts'
import { assertNotSelf, assertWithin, findPrincipal, principal, type StoredPrincipal } from './entity.ts'

export const changePrincipal = operation({
  name: 'principal.change',
  http: 'POST /v1/principals/{principalId}',
  summary: 'Change what a principal may do at most, or shut it out. Its keys and tokens follow at once.',
  example: { principalId: '01890a5d-ac96-774b-bcce-b302099a8057', disabled: true },
  input: z.strictObject({
    principalId: id('principal'),
    rights: z.array(z.enum(tenantRights)).max(tenantRights.length).optional(),
    disabled: z.boolean().optional().describe('true: no credential of it is accepted any more.'),
  }),
  output: principal,
  effect: 'write',
  needs: 'admin',
  reach: 'tenant',
  mcp: false,
  idempotent: true,

  async run({ sql, emit, principal: caller }, { principalId, rights, disabled }) {
    assertNotSelf(caller, principalId)
    const stored = await findPrincipal(sql, principalId)
    if (stored.kind === 'operator') {
      throw new CaliberError('forbidden', 'The operator of the installation is not for its tenants to change.')
    }
    if (rights) assertWithin(rights, [...caller.rights, ...stored.rights], 'Your credential')
    const changed = only(
      await sql<StoredPrincipal>`
        update caliber.principal
        set rights = ${texts(rights ?? stored.rights)},
            disabled_at = case when ${disabled ?? stored.disabledAt !== null} then coalesce(disabled_at, clock_timestamp()) end
        where tenant_id = caliber.current_tenant() and id = ${principalId} returning ${principalColumns}`,
    )
    const data = { rights: changed.rights.join(' '), disabled: changed.disabledAt !== null }
    emit({ kind: 'principal.changed', subjectId: principalId, regionId: null, data })
    return changed
  },
})
