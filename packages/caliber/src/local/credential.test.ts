import { expect, test } from 'vitest'
import { newCredential, parseCredential } from './credential.ts'

test('a credential is read as it was made', async () => {
  const { key, principalId } = await newCredential()
  const read = parseCredential(JSON.stringify({ key, principalId }))
  expect(read.key).toBe(key)
  expect(read.principal.principalId).toBe(principalId)
  expect(key.replace(/^cal_/, '').startsWith(read.principal.tenantId.replaceAll('-', ''))).toBe(true)
})

test.each([
  ['no JSON', '{'],
  ['null', 'null'],
  ['no key', '{"principalId":"01890a5d-ac96-774b-bcce-b302099a8057"}'],
  ['a mistyped key', '{"principalId":"01890a5d-ac96-774b-bcce-b302099a8057","key":"cal_x"}'],
])('%s is said to be damaged', (_, text) => {
  expect(() => parseCredential(text)).toThrow(expect.objectContaining({ code: 'integrity' }))
})

test.each([
  '',
  'me',
  '01890a5d-ac96-774b-bcce-b302099a805',
])('the principal %s, which is no id, is damage too', async (principalId) => {
  const { key } = await newCredential()
  expect(() => parseCredential(JSON.stringify({ key, principalId }))).toThrow(
    expect.objectContaining({ code: 'integrity' }),
  )
})
