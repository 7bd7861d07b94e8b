import { expect, test } from 'vitest'
import { readTar } from './tar.ts'

test('files and directories come back with their names and contents', () => {
  const archive = tar([entry('/base', '5'), entry('/base/1', '0', 'one'), entry('empty', '0', '')])
  const read = [...readTar(archive)].map(({ name, kind, data }) => [name, kind, new TextDecoder().decode(data)])
  expect(read).toEqual([
    ['base', 'directory', ''],
    ['base/1', 'file', 'one'],
    ['empty', 'file', ''],
  ])
})

test.each(['../outside', 'base/../../outside', '/..'])('the name %s is refused', (name) => {
  expect(() => [...readTar(tar([entry(name, '0', 'x')]))]).toThrow('outside of its directory')
})

test('links are refused', () => {
  expect(() => [...readTar(tar([entry('link', '2')]))]).toThrow('unknown type')
})

test('an archive that ends in the middle of a file is refused', () => {
  const archive = tar([entry('long', '0', 'x'.repeat(2000))])
  expect(() => [...readTar(archive.subarray(0, 1024))]).toThrow('ends in the middle')
})

test.each(['-0000001000', 'many', '9'])('the size %s, which would lead nowhere, is refused', (size) => {
  const archive = tar([entry('a', '0', 'x')])
  archive.set(new TextEncoder().encode(size.padEnd(12, '\0')), 124)
  expect(() => [...readTar(archive)]).toThrow('without a readable size')
})

function entry(name: string, type: string, content = ''): Uint8Array {
  const data = new TextEncoder().encode(content)
  const block = new Uint8Array(512 + Math.ceil(data.length / 512) * 512)
  const put = (text: string, at: number) => block.set(new TextEncoder().encode(text), at)
  put(name, 0)
  put(data.length.toString(8).padStart(11, '0'), 124)
  put(type, 156)
  block.set(data, 512)
  return block
}

function tar(entries: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat([...entries, new Uint8Array(1024)]))
}
