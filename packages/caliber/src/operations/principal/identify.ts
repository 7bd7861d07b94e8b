import type { VerifiedToken } from '../../auth/verifiedToken.ts'
import type { Sessions } from '../../db/session.ts'
import type { Principal, Right } from '../../domain/principal.ts'
import { operatorOf } from '../../domain/tenant.ts'
import { suspended } from '../key/authenticate.ts'

/**
 * The principal of a tenant that an issuer means by a subject.
 *
 * @returns undefined where the tenant knows no such identity, or its principal is disabled
 * @throws CaliberError `forbidden` for a suspended tenant
 */
export async function identify(
  sessions: Sessions,
  { tenantId, issuer, subject, expiresAtMs }: VerifiedToken,
): Promise<Principal | undefined> {
  const [found] = await sessions.run(
    { tenantId, principalId: operatorOf(tenantId), reach: 'all' },
    (sql) => sql<{ principalId: string; rights: readonly Right[]; suspended: boolean }>`
      select p.id as "principalId", p.rights, t.suspended_at is not null as suspended
      from caliber.identity i
      join caliber.principal p on p.tenant_id = i.tenant_id and p.id = i.principal_id
      join caliber.tenant t on t.tenant_id = i.tenant_id
      where i.tenant_id = caliber.current_tenant() and i.issuer = ${issuer} and i.subject = ${subject}
        and p.disabled_at is null`,
    { readOnly: true },
  )
  if (!found) return undefined
  if (found.suspended) throw suspended()
  const { principalId, rights } = found
  return { tenantId, principalId, rights, expiresAt: new Date(expiresAtMs).toISOString() }
}
