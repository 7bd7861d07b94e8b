/** The commands that speak to a Postgres server of one's own. */
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { shippedMigrations } from '../../db/migrate.ts'
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts'
import { connect } from './connection.ts'
import { runCommand } from './program.ts'
import { recordingTerminal } from './testing/recordingTerminal.ts'

let empty: TestDatabase
let dataDir: string

beforeAll(async () => {
  empty = await testDatabase({ migrated: false })
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'caliber-server-'))
})
afterAll(async () => {
  await empty.close()
  await rm(dataDir, { recursive: true, force: true })
})

test('migrate --check lists what is missing, migrate applies it, and then nothing is missing', async () => {
  const names = (await shippedMigrations()).map(({ name }) => name)

  const checked = await run(['migrate', '--check', '--json', '--database-url', empty.url])
  expect(checked).toMatchObject({ code: 6, stderr: '' })
  expect(JSON.parse(checked.stdout)).toEqual({ pending: names })

  expect(await run(['migrate', '--database-url', empty.url])).toEqual({
    code: 0,
    stderr: '',
    stdout: names.map((name) => `applied  ${name}\n`).join(''),
  })
  for (const words of [['migrate'], ['migrate', '--check']]) {
    expect(await run([...words, '--database-url', empty.url])).toMatchObject({ code: 0, stdout: 'up to date\n' })
  }
})

test('without a server migrate says what it is for', async () => {
  const { DATABASE_URL: saved } = process.env
  delete process.env['DATABASE_URL']
  try {
    expect(await run(['migrate'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--database-url') })
  } finally {
    if (saved !== undefined) process.env['DATABASE_URL'] = saved
  }
})

test('a server that does not answer is unavailable, without its URL in the message', async () => {
  const { code, stderr } = await run(['migrate', '--database-url', 'postgres://me:secret@127.0.0.1:1/none'])
  expect(code).toBe(9)
  expect(stderr).not.toContain('secret')
})

test('a server is not opened as a superuser, and doctor says so', async () => {
  const { code, stdout } = await run(['doctor', '--database-url', empty.url, '--data-dir', dataDir])
  expect(stdout).toMatch(/no superuser/)
  expect(code).toBe(6)
})

test('a role that migrate lets serve opens the server with the key that migrate installed, and not with another', async () => {
  const place = await mkdtemp(path.join(os.tmpdir(), 'caliber-serving-'))
  const { CALIBER_CLAIM_KEY: saved } = process.env
  try {
    process.env['CALIBER_CLAIM_KEY'] = Buffer.alloc(32, 7).toString('base64url')
    const words = ['migrate', '--database-url', empty.url, '--app-role', 'caliber_login']
    expect(await run(words)).toMatchObject({ code: 0, stderr: '' })
    const note = [
      'note',
      'record',
      '--subject',
      's',
      '--content',
      'c',
      '--database-url',
      empty.loginUrl,
      '--data-dir',
      place,
    ]
    expect(await run(note)).toMatchObject({ code: 0, stderr: '' })

    process.env['CALIBER_CLAIM_KEY'] = Buffer.alloc(32, 8).toString('base64url')
    expect(await run(note)).toMatchObject({ code: 9, stderr: expect.stringContaining('caliber migrate') })
    process.env['CALIBER_CLAIM_KEY'] = 'short'
    expect(await run(words)).toMatchObject({ code: 2, stderr: expect.stringContaining('32 random octets') })
  } finally {
    delete process.env['CALIBER_CLAIM_KEY']
    if (saved !== undefined) process.env['CALIBER_CLAIM_KEY'] = saved
    await rm(place, { recursive: true, force: true })
  }
})

async function run(words: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const terminal = recordingTerminal()
  const code = await runCommand(words, terminal, connect)
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr() }
}
