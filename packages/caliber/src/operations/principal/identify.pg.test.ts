import { afterAll, beforeAll, expect, test } from 'vitest'
import { configured, goodClaims, nowMs, signed, testKey } from '../../auth/testing/issuer.ts'
import { type TestCaliber, type TestTenant, testCaliber } from '../testing/tenant.ts'

const key = testKey()
const identity = { issuer: goodClaims.iss, subject: goodClaims.sub }
let caliber: TestCaliber
let clockMs = nowMs

beforeAll(async () => {
  caliber = await testCaliber({ auth: configured({ jwks: { keys: [key.jwk] } }), now: () => new Date(clockMs) })
})
afterAll(() => caliber.close())

test('a token of a known subject opens its principal, for no more than both may do', async () => {
  const tenant = await caliber.tenant()
  const { principalId } = await added(tenant, ['read', 'write'])

  expect(await authenticate(tenant, { scope: 'caliber:read caliber:admin caliber:operate' })).toEqual({
    tenantId: tenant.tenantId,
    principalId,
    rights: ['read'],
    expiresAt: '2026-05-04T09:05:00.000Z',
  })
})

test('the same subject of the same issuer is somebody else in another tenant, and nobody in a third', async () => {
  const [a, b, c] = [await caliber.tenant(), await caliber.tenant(), await caliber.tenant()]
  const [inA, inB] = [await added(a), await added(b)]

  expect(await authenticate(a)).toMatchObject({ tenantId: a.tenantId, principalId: inA.principalId })
  expect(await authenticate(b)).toMatchObject({ tenantId: b.tenantId, principalId: inB.principalId })
  await expect(authenticate(c)).rejects.toMatchObject(refused)
})

test('another subject, another issuer and a tenant that does not exist are refused as any wrong token is', async () => {
  const tenant = await caliber.tenant()
  await added(tenant)
  const nowhere = { ...tenant, tenantId: '01890a5d-ac96-774b-bcce-b302099a8057' }
  const elsewhere = await caliber.tenant()
  await elsewhere.call('principal.add', {
    kind: 'user',
    name: 'anna',
    identities: [{ ...identity, issuer: 'https://b.example' }],
  })

  await expect(authenticate(tenant, { sub: `${goodClaims.sub} ` })).rejects.toMatchObject(refused)
  await expect(authenticate(tenant, { sub: "' or true --" })).rejects.toMatchObject(refused)
  await expect(authenticate(elsewhere)).rejects.toMatchObject(refused)
  await expect(authenticate(nowhere)).rejects.toMatchObject(refused)
  await expect(caliber.runtime.authenticate('wrong')).rejects.toMatchObject(refused)
})

test('a principal that is disabled, and a tenant that is suspended, are shut out within a second', async () => {
  const tenant = await caliber.tenant()
  const { principalId } = await added(tenant)
  await authenticate(tenant)

  await tenant.call('principal.change', { principalId, disabled: true })
  clockMs += 1_000
  await expect(authenticate(tenant)).rejects.toMatchObject(refused)

  await tenant.call('principal.change', { principalId, disabled: false })
  await expect(authenticate(tenant)).resolves.toMatchObject({ principalId })
  await tenant.call('tenant.suspend', { tenantId: tenant.tenantId })
  clockMs += 1_000
  await expect(authenticate(tenant)).rejects.toMatchObject({ code: 'forbidden' })
})

test('API keys go on working beside tokens', async () => {
  const tenant = await caliber.tenant()

  expect(await caliber.runtime.authenticate(tenant.key)).toMatchObject({ principalId: tenant.principalId })
  await expect(caliber.runtime.authenticate(`${tenant.key}0`)).rejects.toMatchObject({
    code: 'unauthenticated',
    message: expect.stringContaining('API key'),
  })
})

const refused = { code: 'unauthenticated', message: 'The token is not valid here. Get a new one from its issuer.' }

function added(tenant: TestTenant, rights = ['read', 'write']): Promise<{ principalId: string }> {
  return tenant.call('principal.add', { kind: 'user', name: 'anna', rights, identities: [identity] })
}

function authenticate({ tenantId }: Pick<TestTenant, 'tenantId'>, claims: object = {}) {
  return caliber.runtime.authenticate(signed(key, { ...goodClaims, caliber_tenant: tenantId, ...claims }))
}
