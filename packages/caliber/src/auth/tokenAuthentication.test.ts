import { expect, test } from 'vitest'
import { type Principal, rights } from '../domain/principal.ts'
import { configured, goodClaims, nowMs, signed, tenantId, testKey } from './testing/issuer.ts'
import { tokenAuthentication } from './tokenAuthentication.ts'
import { createTokenVerifier } from './tokenVerifier.ts'

const key = testKey()
const verify = createTokenVerifier(configured({ jwks: { keys: [key.jwk] } }), () => new Date(nowMs))
const otherId = '01890a5d-ac96-774b-bcce-b302099a8058'
const anna: Principal = { tenantId, principalId: otherId, rights }
const token = (claims: object = {}) => signed(key, { ...goodClaims, ...claims })

test('a subject of an issuer is a principal, asked for by both', async () => {
  const asked: unknown[] = []
  const authenticate = tokenAuthentication(verify, async ({ issuer, subject }) => {
    asked.push([issuer, subject])
    return anna
  })

  expect(await authenticate(token())).toEqual({ ...anna, rights: ['read', 'write'] })
  expect(asked).toEqual([[goodClaims.iss, goodClaims.sub]])
})

test('rights are what both the token and the principal have', async () => {
  const reader = tokenAuthentication(verify, async () => ({ ...anna, rights: ['read'] }))

  expect(await reader(token({ scope: 'caliber:read caliber:write caliber:admin' }))).toMatchObject({ rights: ['read'] })
  expect(await reader(token({ scope: 'caliber:write' }))).toMatchObject({ rights: [] })
})

test('an unknown subject, and one of another tenant, are refused in the words of a wrong token', async () => {
  const nobody = tokenAuthentication(verify, async () => undefined)
  const stranger = tokenAuthentication(verify, async () => ({ ...anna, tenantId: otherId }))
  const refusals = [nobody(token()), stranger(token()), nobody('wrong')].map((answer) => answer.catch((error) => error))
  const [first, ...others] = (await Promise.all(refusals)).map(({ code, message }) => ({ code, message }))

  expect(first).toMatchObject({ code: 'unauthenticated' })
  expect(others).toEqual([first, first])
})
