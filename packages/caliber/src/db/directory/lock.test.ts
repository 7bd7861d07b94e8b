/** One owner per data directory, by either method. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type DirectoryLock, holdDirectory, lockDirectory } from './lock.ts'
import { OWNER_FILE, readOwner, thisOwner, writeOwner } from './owner.ts'

let root: string
const held: DirectoryLock[] = []
const at = (name: string) => path.join(root, name)

beforeEach(async () => {
  root = await fs.mkdtemp(path.join(os.tmpdir(), 'caliber-lock-'))
})
afterEach(async () => {
  for (const lock of held.splice(0)) await lock.release()
  await fs.rm(root, { recursive: true, force: true })
})

describe.each(process.platform === 'linux' ? (['socket', 'file'] as const) : (['file'] as const))('by %s', (method) => {
  const take = async (directory: string) => {
    const lock = await lockDirectory(directory, method)
    if (lock.held) held.push(lock)
    return lock
  }

  test('the first gets it, the second learns who has it, and after release it is free', async () => {
    const first = await take(at('data'))
    if (!first.held) throw new Error('not held')
    await first.publish({ socket: 'path/of/socket' })
    const second = await take(at('data'))
    expect(second).toMatchObject({
      held: false,
      owner: { pid: process.pid, host: os.hostname(), published: { socket: 'path/of/socket' } },
    })
    await first.release()
    await first.release()
    expect(await readOwner(at('data'))).toBeNull()
    expect((await take(at('data'))).held).toBe(true)
  })

  test('of twenty at once exactly one gets it', async () => {
    const results = await Promise.all(Array.from({ length: 20 }, () => take(at('data'))))
    expect(results.filter((result) => result.held)).toHaveLength(1)
  })

  test('two names of one directory are one lock', async () => {
    await fs.mkdir(at('data'), { mode: 0o700 })
    await fs.symlink(at('data'), at('alias'))
    expect((await take(at('data'))).held).toBe(true)
    expect((await take(at('alias'))).held).toBe(false)
  })

  test('the owner of a process that is gone is taken over', async () => {
    await fs.mkdir(at('data'), { mode: 0o700 })
    const child = spawn(process.execPath, ['-e', ''])
    await once(child, 'exit')
    await writeOwner(at('data'), { ...(await thisOwner()), pid: child.pid ?? 0 })
    expect((await take(at('data'))).held).toBe(true)
  })

  test('an owner on another host is respected while its heart beats, and taken for dead afterwards', async () => {
    await fs.mkdir(at('data'), { mode: 0o700 })
    await writeOwner(at('data'), { ...(await thisOwner()), host: 'elsewhere', bootId: 'other', space: 'other' })
    expect(await take(at('data'))).toMatchObject({ held: false, owner: { host: 'elsewhere' } })
    const long = new Date(Date.now() - 60_000)
    await fs.utimes(path.join(at('data'), OWNER_FILE), long, long)
    expect((await take(at('data'))).held).toBe(true)
  })

  test('an owner file of nonsense does not lock anybody out', async () => {
    await fs.mkdir(at('data'), { mode: 0o700 })
    const file = path.join(at('data'), OWNER_FILE)
    await fs.writeFile(file, '{"pid":')
    const long = new Date(Date.now() - 60_000)
    await fs.utimes(file, long, long)
    expect((await take(at('data'))).held).toBe(true)
  })

  test('the owner file and the directory are closed to others', async () => {
    await take(at('data'))
    expect((await fs.stat(at('data'))).mode & 0o777).toBe(0o700)
    expect((await fs.stat(path.join(at('data'), OWNER_FILE))).mode & 0o777).toBe(0o600)
  })
})

test('the refusal names the holder and what to do', async () => {
  held.push(await holdDirectory(at('data')))
  await expect(holdDirectory(at('data'))).rejects.toMatchObject({ code: 'conflict', detail: { pid: process.pid } })
})

test('a directory with content that others can enter is refused and left alone', async () => {
  await fs.mkdir(at('project'), { mode: 0o755 })
  await fs.writeFile(path.join(at('project'), 'file'), '')
  await fs.chmod(at('project'), 0o755)
  await expect(lockDirectory(at('project'))).rejects.toMatchObject({
    code: 'forbidden',
    message: expect.stringContaining('chmod 700'),
  })
  expect((await fs.stat(at('project'))).mode & 0o777).toBe(0o755)
})

test('an empty directory is closed, a file is refused', async () => {
  await fs.mkdir(at('empty'))
  await fs.chmod(at('empty'), 0o755)
  held.push(await holdDirectory(at('empty')))
  expect((await fs.stat(at('empty'))).mode & 0o777).toBe(0o700)
  await fs.writeFile(at('file'), '')
  await expect(lockDirectory(at('file'))).rejects.toMatchObject({ code: 'invalid_input' })
})
