import { chmod, mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { examineMachine, examineSeat, type Finding } from './doctor.ts'
import type { Seat } from './seat.ts'
import { takeSeat } from './takeSeat.ts'

let root: string
let seat: Seat

beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'caliber-doctor-'))
  seat = await takeSeat({ dataDir: path.join(root, 'data') })
})
afterAll(async () => {
  await seat.close()
  await rm(root, { recursive: true, force: true })
})

test('a fresh memory is in good health, and that it is not encrypted is said', async () => {
  const findings = [...(await examineMachine(seat.directory)), ...(await examineSeat(seat))]

  expect(findings.filter(({ status }) => status !== 'ok')).toMatchObject([{ check: 'encryption', status: 'warn' }])
  expect(find(findings, 'row security')?.message).toMatch(/^enabled and forced on all \d\d tables$/)
  expect(find(findings, 'durability')?.message).toContain('fsync on')
  expect(find(findings, 'pgvector')?.message).toMatch(/^0\.\d+\.\d+ in schema public/)
})

test.each([
  ['alter table caliber.note no force row level security', 'row security', 'off on note'],
  ['alter table caliber.turn disable row level security', 'row security', 'off on turn'],
  ['alter role caliber_app bypassrls', 'application role', 'alter role caliber_app nosuperuser nobypassrls'],
  ['alter role caliber_owner superuser', 'application role', 'caliber_owner can step over row security'],
  ['delete from caliber_schema.migration where version = 7', 'schema', 'Run: caliber migrate'],
])('%s is found', async (sabotage, check, message) => {
  await sql(`begin; ${sabotage}; commit`)
  try {
    expect(find(await examineSeat(seat), check)).toMatchObject({
      status: 'fail',
      message: expect.stringContaining(message),
    })
  } finally {
    await sql(repairs)
  }
})

test('a directory that others can enter fails, a missing one is a warning', async () => {
  const open = await mkdtemp(path.join(root, 'open-'))
  await chmod(open, 0o755)
  expect(find(await examineMachine(open), 'directory')).toMatchObject({ status: 'fail', code: 'forbidden' })
  expect(find(await examineMachine(path.join(root, 'nothing')), 'directory')).toMatchObject({ status: 'warn' })
})

test('from an attached seat the database is skipped, not passed', async () => {
  const attached = { ...seat, role: 'attached', owned: undefined } as const
  expect(find(await examineSeat(attached), 'database')).toMatchObject({ status: 'skip' })
})

const repairs = `
  alter table caliber.note force row level security;
  alter table caliber.turn enable row level security;
  alter role caliber_app nobypassrls;
  alter role caliber_owner nosuperuser;`

function sql(text: string): Promise<void> {
  return seat.owned?.database.script(text) ?? Promise.reject(new Error('not the owner'))
}

function find(findings: readonly Finding[], check: string): Finding | undefined {
  return findings.find((finding) => finding.check === check)
}
