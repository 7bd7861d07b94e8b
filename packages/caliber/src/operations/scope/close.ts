import { z } from 'zod'
import { scopeColumns } from '../../db/columns.ts'
import type { Scope } from '../../domain/scope.ts'
import { assertTransition, assertVersion } from '../../domain/states.ts'
import { only } from '../only.ts'
import { operation } from '../operation.ts'
import { expectedVersion, id } from '../schema.ts'
import { lockScope, scope } from './entity.ts'

export const closeScope = operation({
  name: 'scope.close',
  http: 'POST /v1/scopes/{scopeId}/close',
  summary: 'Close a scope. It keeps its turns and takes no more. That is final.',
  example: { scopeId: '01890a5d-ac96-774b-bcce-b302099a8057' },
  input: z.strictObject({ scopeId: id('scope'), version: expectedVersion }),
  output: scope,
  effect: 'write',
  needs: 'write',
  mcp: true,
  idempotent: false,

  async run({ sql, emit }, { scopeId, version }) {
    const current = await lockScope(sql, scopeId)
    assertVersion('scope', scopeId, current.version, version)
    assertTransition('scope', scopeId, current.status, 'closed')
    const { regionId, trajectoryId } = current
    emit({ kind: 'scope.closed', subjectId: scopeId, regionId, data: { trajectoryId } })
    return only(
      await sql<Scope>`
        update caliber.scope set status = 'closed', closed_at = clock_timestamp(), version = version + 1
        where tenant_id = caliber.current_tenant() and id = ${scopeId}
        returning ${scopeColumns}`,
    )
  },
})
