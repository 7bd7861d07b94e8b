/** The disk of the power cut keeps what POSIX promises, and no more. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { seeded } from '../dist/e2e/seeded.js'
import { Disk, luckOf } from './disk.mjs'

let place
beforeEach(() => {
  place = fs.mkdtempSync(path.join(os.tmpdir(), 'caliber-disk-'))
})
afterEach(() => fs.rmSync(place, { recursive: true, force: true }))

test('what was synced, and the names of it, survive a cut that spares nothing else', () => {
  const disk = diskOf(
    { op: 'mkdir', path: 'd' },
    ...opened(1, 'd/file'),
    [{ op: 'write', fd: 1, position: 0 }, 'kept'],
    { op: 'sync', fd: 1 },
    ...synced('d'),
    ...synced('.'),
    [{ op: 'write', fd: 1, position: 0 }, 'lost'],
    { op: 'rename', from: 'd/file', to: 'd/renamed' },
  )
  expect(left(disk, {})).toEqual({ 'd/file': 'kept' })
  expect(left(disk, { data01: 1, names01: 1, sizes01: 1 })).toEqual({ 'd/renamed': 'lost' })
})

test('a synced file without a synced name is gone, a synced name without a synced file is empty', () => {
  const contents = [{ op: 'write', fd: 1, position: 0 }, 'text']
  expect(left(diskOf(...opened(1, 'file'), contents, { op: 'sync', fd: 1 }), {})).toEqual({})
  expect(left(diskOf(...opened(1, 'file'), contents, ...synced('.')), {})).toEqual({ file: '' })
})

test('a write is torn between sectors, never inside one', () => {
  const long = 'x'.repeat(512 * 64)
  const disk = diskOf(...opened(1, 'file'), ...synced('.'), [{ op: 'write', fd: 1, position: 0 }, long])
  const { file } = left(disk, { data01: 0.5, sizes01: 1 })
  const sectors = file.match(/[^]{512}/g)
  expect(new Set(sectors)).toEqual(new Set(['x'.repeat(512), '\0'.repeat(512)]))
})

test('a sync that ran beside a write promises nothing about it', () => {
  const disk = diskOf(
    ...opened(1, 'file'),
    ...synced('.'),
    [{ op: 'write', fd: 1, position: 0 }, 'before'],
    { op: 'begin', fd: 1, begin: 'a' },
    [{ op: 'write', fd: 1, position: 0 }, 'beside'],
    { op: 'sync', fd: 1, begin: 'a' },
  )
  expect(left(disk, {})).toEqual({ file: 'before' })
})

test('a record that leaves something out does not explain the directory', () => {
  fs.writeFileSync(path.join(place, 'file'), 'text')
  fs.writeFileSync(path.join(place, 'unnoticed'), '')
  const disk = diskOf([{ op: 'put', path: 'file', sync: false }, 'text'])
  expect(disk.differences(place)).toEqual(['unnoticed'])
})

function diskOf(...entries) {
  const disk = new Disk()
  for (const entry of entries) {
    const [effect, text = ''] = [entry].flat()
    disk.apply(effect, Buffer.from(text))
  }
  return disk
}

function opened(fd, file) {
  return [{ op: 'open', fd, path: file, make: true, empty: false }]
}

function synced(directory) {
  return [
    { op: 'open', fd: 99, path: directory, make: false, empty: false },
    { op: 'sync', fd: 99 },
    { op: 'close', fd: 99 },
  ]
}

/** @returns what is in the files that a cut leaves */
function left(disk, shares) {
  const target = fs.mkdtempSync(path.join(place, 'cut-'))
  disk.leave(target, luckOf(seeded(1), { data01: 0, names01: 0, sizes01: 0, sectorBytes: 512, ...shares }))
  const names = fs.readdirSync(target, { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => fs.statSync(path.join(target, name)).isFile())
  return Object.fromEntries(files.map((name) => [name, fs.readFileSync(path.join(target, name), 'utf8')]))
}
