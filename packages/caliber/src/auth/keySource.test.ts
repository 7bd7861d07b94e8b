import { expect, test } from 'vitest'
import { readKeySet } from './keySet.ts'
import { fetchedKeys, keySourceOf } from './keySource.ts'
import { configuredIssuer, nowMs, type TestKey, testKey } from './testing/issuer.ts'

const [old, next] = [testKey('ES256', 'old'), testKey('ES256', 'next')]
const minuteMs = 60_000

test('keys of the configuration need no fetching', async () => {
  const source = keySourceOf(configuredIssuer({ jwks: { keys: [old.jwk] } }), () => new Date(nowMs))

  expect(await source.find('old')).toMatchObject({ algorithm: 'ES256' })
  expect(await source.find('next')).toBeUndefined()
})

test('keys are fetched once, however many ask at a time, and used for five minutes', async () => {
  const { source, issuer, pass } = setting([old])

  await Promise.all(Array.from({ length: 20 }, () => source.find('old')))
  pass(5 * minuteMs - 1)
  expect(await source.find('old')).toBeDefined()
  expect(issuer.fetches).toBe(1)
  pass(1)
  await source.find('old')
  expect(issuer.fetches).toBe(2)
})

test('while two keys rotate, both live; the new one is found at once, the old one dies within the five minutes', async () => {
  const { source, issuer, pass } = setting([old])
  await source.find('old')

  pass(minuteMs)
  issuer.keys = [old, next]
  expect([await source.find('next'), await source.find('old')]).toMatchObject([{}, {}])
  expect(issuer.fetches).toBe(2)

  issuer.keys = [next]
  expect(await source.find('old')).toBeDefined()
  pass(5 * minuteMs)
  expect(await source.find('old')).toBeUndefined()
  expect(await source.find('next')).toBeDefined()
})

test('made-up key ids make us ask the issuer once in ten seconds, no more', async () => {
  const { source, issuer, pass } = setting([old])
  for (let i = 0; i < 100; i += 1) expect(await source.find(`made-up-${i}`)).toBeUndefined()
  expect(issuer.fetches).toBe(1)

  pass(10_000)
  for (let i = 0; i < 100; i += 1) await source.find(`made-up-${i}`)
  expect(issuer.fetches).toBe(2)
})

test('while the issuer does not answer, the last keys serve for an hour and no longer', async () => {
  const { source, issuer, pass } = setting([old])
  await source.find('old')
  issuer.keys = undefined

  pass(60 * minuteMs - 1)
  expect(await source.find('old')).toBeDefined()
  pass(1)
  await expect(source.find('old')).rejects.toMatchObject({ code: 'unavailable', retryable: true })

  issuer.keys = [old]
  pass(10_000)
  expect(await source.find('old')).toBeDefined()
})

test('an issuer that never answered is asked again after ten seconds, and why it failed is kept for the log', async () => {
  const { source, issuer, pass } = setting(undefined)
  for (let i = 0; i < 5; i += 1) {
    await expect(source.find('old')).rejects.toMatchObject({
      code: 'unavailable',
      message: 'The keys of the issuer of this token cannot be had now. Try again in a moment.',
      cause: { message: 'no answer' },
    })
  }
  expect(issuer.fetches).toBe(1)

  issuer.keys = [old]
  pass(10_000)
  expect(await source.find('old')).toBeDefined()
})

test('a clock that is put back makes no key immortal', async () => {
  const { source, issuer, pass } = setting([old])
  await source.find('old')
  issuer.keys = [next]

  pass(-24 * 60 * minuteMs)
  expect(await source.find('old')).toBeUndefined()
})

/** A source over an issuer whose answer can be changed, and a clock that can be moved. */
function setting(keys: readonly TestKey[] | undefined) {
  const issuer = { keys, fetches: 0 }
  let clockMs = nowMs
  const fetchKeys = async () => {
    issuer.fetches += 1
    if (!issuer.keys) throw new Error('no answer')
    return readKeySet({ keys: issuer.keys.map(({ jwk }) => jwk) }, ['ES256'])
  }
  return {
    issuer,
    source: fetchedKeys(fetchKeys, () => new Date(clockMs)),
    pass(ms: number) {
      clockMs += ms
    },
  }
}
