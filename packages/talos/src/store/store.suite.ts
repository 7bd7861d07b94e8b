/** What every store must do. Each implementation runs this with a way to open an empty store. */
import { expect, test } from 'vitest'
import type { Store } from './store.ts'

export function storeSuite(name: string, open: () => Promise<Store>): void {
  const bytes = (text: string) => new Uint8Array(Buffer.from(text))
  const text = (data: Uint8Array | undefined) => (data === undefined ? undefined : Buffer.from(data).toString())

  test(`S1: ${name}: what was written is read, replaced whole, and gone after a delete`, async () => {
    const store = await open()
    expect(await store.read('a')).toBeUndefined()
    await store.write('a', bytes('one'))
    await store.write('a', bytes('two'))
    expect(text(await store.read('a'))).toBe('two')
    expect(await store.delete('a')).toBe(true)
    expect(await store.delete('a')).toBe(false)
    expect(await store.read('a')).toBeUndefined()
  })

  test(`S2: ${name}: of concurrent creates exactly one wins`, async () => {
    const store = await open()
    const won = await Promise.all(Array.from({ length: 20 }, (_, i) => store.create('k', bytes(`${i}`))))
    expect(won.filter(Boolean)).toHaveLength(1)
    expect(text(await store.read('k'))).toBe(`${won.indexOf(true)}`)
    expect(await store.create('k', bytes('late'))).toBe(false)
  })

  test(`S3: ${name}: distinct keys never share an entry, whatever they look like`, async () => {
    const store = await open()
    const keys = [
      'a/b',
      'a_b',
      'a\\b',
      '../../evil',
      '',
      '\u0000',
      'x'.repeat(5000),
      '__proto__',
      'ä',
      'a',
      'C:evil',
      '%',
      '\n',
    ]
    for (const key of keys) await store.write(key, bytes(`value of ${key}`))
    for (const key of keys) expect(text(await store.read(key))).toBe(`value of ${key}`)
    const listed: string[] = []
    for await (const key of store.list('')) listed.push(key)
    expect(listed.sort()).toEqual([...keys].sort())
  })

  test(`S4: ${name}: list gives the keys that start with the prefix`, async () => {
    const store = await open()
    for (const key of ['p/1', 'p/2', 'q/1', 'P/1', 'p%']) await store.write(key, bytes('x'))
    const listed: string[] = []
    for await (const key of store.list('p/')) listed.push(key)
    expect(listed.sort()).toEqual(['p/1', 'p/2'])
  })

  test(`S5: ${name}: bytes come back as they are, and later changes of the array do not reach the store`, async () => {
    const store = await open()
    const data = new Uint8Array([0, 255, 10, 13, 0])
    await store.write('b', data)
    data[0] = 7
    expect([...((await store.read('b')) ?? [])]).toEqual([0, 255, 10, 13, 0])
    await store.write('empty', new Uint8Array())
    expect(await store.read('empty')).toEqual(new Uint8Array())
  })
}
