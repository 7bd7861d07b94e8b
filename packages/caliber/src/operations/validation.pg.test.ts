/** `validation: always`: content that changed under the database is an error, wherever it is read. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRuntime } from '../local/runtime.ts'
import { callsAs, type TestCaliber, type TestPrincipal, type TestTenant, testCaliber } from './testing/tenant.ts'

let caliber: TestCaliber
let trusting: TestTenant
let checking: TestPrincipal
let close: () => Promise<void>
let noteId: string

beforeAll(async () => {
  caliber = await testCaliber()
  trusting = await caliber.tenant()
  const runtime = await createRuntime(caliber.sessions, { validation: 'always' })
  close = runtime.close
  checking = callsAs({ ...trusting, rights: ['read', 'write', 'admin'] }, runtime)
  ;({ noteId } = await trusting.call<{ noteId: string }>('note.record', { subject: 's', content: 'pelican' }))
})
afterAll(async () => {
  await close()
  await caliber.close()
})

test('what is intact is read as ever', async () => {
  expect(await checking.call('note.get', { noteId })).toMatchObject({ content: 'pelican' })
  expect(await checking.call('memory.search', { query: 'pelican' })).toMatchObject({ items: [{ id: noteId }] })
})

test('what was changed behind the digest is refused by reads and by a memory that loads it, and named', async () => {
  // As a bad page would leave it: the column is no longer computed, so content and digest part.
  await caliber.admin.unsafe(`
    alter table caliber.note alter column digest drop expression;
    update caliber.note set content = 'pelicans' where id = '${noteId}'`)
  const refused = { code: 'integrity', message: expect.stringContaining(noteId) }
  await expect(checking.call('note.get', { noteId })).rejects.toMatchObject(refused)
  await expect(checking.call('note.list', {})).rejects.toMatchObject(refused)
  const cold = await createRuntime(caliber.sessions, { validation: 'always' })
  await expect(
    callsAs({ ...trusting, rights: ['read'] }, cold).call('memory.search', { query: 'x' }),
  ).rejects.toMatchObject(refused)
  await cold.close()

  expect(await trusting.call('note.get', { noteId })).toMatchObject({ content: 'pelicans' })
  expect(await trusting.call('memory.verify', {})).toMatchObject({ ok: false })
})
