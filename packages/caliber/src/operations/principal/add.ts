import { z } from 'zod'
import { principalColumns } from '../../db/columns.ts'
import { json, texts } from '../../db/sql.ts'
import { limits } from '../../domain/limits.ts'
import { tenantRights } from '../../domain/principal.ts'
import { only } from '../only.ts'
import { operation } from '../operation.ts'
import { text } from '../schema.ts'
import { assertWithin, principal, type StoredPrincipal } from './entity.ts'

const identity = z.strictObject({
  issuer: text(limits.nameChars).describe('The `iss` of its tokens.'),
  subject: text(limits.nameChars).describe('The `sub` of its tokens.'),
})

export const addPrincipal = operation({
  name: 'principal.add',
  http: 'POST /v1/principals',
  summary: 'Add an agent, a user or a program to the tenant. It gets in with a key or a token.',
  example: { kind: 'agent', name: 'planner', rights: ['read', 'write'] },
  input: z.strictObject({
    kind: z.enum(['agent', 'user', 'key']).describe('key: a program that is known by nothing but its key.'),
    name: text(200),
    rights: z.array(z.enum(tenantRights)).min(1).max(tenantRights.length).default(['read', 'write']),
    identities: z.array(identity).max(10).default([]).describe('How issuers of tokens call it.'),
  }),
  output: principal,
  effect: 'write',
  needs: 'admin',
  reach: 'tenant',
  mcp: false,
  idempotent: false,

  async run({ sql, newId, emit, principal: caller }, { kind, name, rights, identities }) {
    assertWithin(rights, caller.rights, 'Your credential')
    const added = only(
      await sql<StoredPrincipal>`
        insert into caliber.principal (tenant_id, id, kind, name, rights)
        values (caliber.current_tenant(), ${newId()}, ${kind}, ${name}, ${texts(rights)}) returning ${principalColumns}`,
    )
    if (identities.length > 0) {
      await sql`
        insert into caliber.identity (tenant_id, issuer, subject, principal_id)
        select caliber.current_tenant(), issuer, subject, ${added.principalId}
        from jsonb_to_recordset(${json(identities)}) as identity (issuer text, subject text)`
    }
    emit({ kind: 'principal.added', subjectId: added.principalId, regionId: null, data: { kind } })
    return added
  },
})
