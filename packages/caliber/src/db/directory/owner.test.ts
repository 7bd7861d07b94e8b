import { expect, test } from 'vitest'
import { ownerText, parseOwner, thisOwner } from './owner.ts'

test('an owner is read as it was written', async () => {
  const owner = { ...(await thisOwner()), published: { url: 'http://127.0.0.1:7475' } }
  expect(parseOwner(ownerText(owner))).toEqual(owner)
})

test.each([null, { url: 7 }, [null], 'http://127.0.0.1'])('an owner that publishes %o is none', async (published) => {
  const text = JSON.stringify({ ...(await thisOwner()), published })
  expect(parseOwner(text)).toBeNull()
})

test.each(['', '{', 'null', '[]', '7'])('the text %s is no owner', (text) => {
  expect(parseOwner(text)).toBeNull()
})
