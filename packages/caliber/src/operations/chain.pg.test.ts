/** Whoever can change the database can be found out: `memory.verify` names the first entry that was tampered with. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Seal } from '../domain/seal.ts'
import { openSealFile } from '../local/sealFile.ts'
import { type TestCaliber, type TestTenant, testCaliber } from './testing/tenant.ts'

interface Verified {
  readonly ok: boolean
  readonly checked: { readonly events: number; readonly seals: number }
  readonly problems: readonly { readonly what: string; readonly id: string }[]
}

let directory: string
let caliber: TestCaliber
let tenant: TestTenant

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'caliber-seals-'))
  caliber = await testCaliber({ seals: await openSealFile(directory) })
})
afterAll(async () => {
  await caliber.close()
  await rm(directory, { recursive: true })
})

/** Entries: 1 tenant, 2 trajectory, 3 scope, 4 turns, 5 artifact, 6 note, 7 supersede, 8 turns. */
beforeEach(async () => {
  tenant = await caliber.tenant()
  const { trajectoryId } = await tenant.call<{ trajectoryId: string }>('trajectory.start', { name: 't' })
  const { scopeId } = await tenant.call<{ scopeId: string }>('scope.open', { trajectoryId, name: 's' })
  const turns = [
    { role: 'user', content: 'one' },
    { role: 'assistant', content: 'two', toolCalls: [{ id: '1', name: 'x', input: { a: 1 } }] },
  ]
  await tenant.call('turn.append', { scopeId, turns })
  await tenant.call('artifact.put', { trajectoryId, type: 'plan', name: 'a', content: 'three' })
  const { noteId } = await tenant.call<{ noteId: string }>('note.record', { subject: 's', content: 'four' })
  await tenant.call('note.supersede', { noteId, content: 'five', confidence: 0.25, validFrom: '2026-01-01T00:00:00Z' })
  await tenant.call('turn.append', { scopeId, turns: [{ role: 'user', content: 'six' }] })
})

test('an honest log verifies, on its own and against its seals', async () => {
  await seal()
  await tenant.call('note.record', { subject: 's', content: 'after the seal' })
  expect(await verify()).toMatchObject({ ok: true, checked: { events: 9, seals: 1 }, problems: [] })
})

describe('a superuser who changes', () => {
  const changes: Record<string, { at: number; as: string }> = {
    'the words of a turn': { at: 4, as: "update caliber.turn set content = 'won' where content = 'one'" },
    'who said it': { at: 4, as: "update caliber.turn set role = 'system' where content = 'one'" },
    'when it was said': {
      at: 4,
      as: "update caliber.turn set said_at = said_at - interval '1 day' where content = 'two'",
    },
    'what a tool was called with': {
      at: 4,
      as: `update caliber.turn set tool_calls = '[{"a": 2}]' where content = 'two'`,
    },
    'the order of turns': {
      at: 4,
      as: "update caliber.turn set sequence = 10 - sequence where content in ('one', 'two')",
    },
    'an artifact': { at: 5, as: "update caliber.artifact_revision set content = 'tree'" },
    'where an artifact came from': {
      at: 5,
      as: `update caliber.artifact_revision set provenance = '{"method": "inferred"}'`,
    },
    'a note': { at: 6, as: "update caliber.note set content = 'for' where content = 'four'" },
    'how sure a note is': { at: 7, as: "update caliber.note set confidence = 1 where content = 'five'" },
    'since when a note holds': { at: 7, as: "update caliber.note set valid_from = null where content = 'five'" },
    'who an entry says did it': { at: 3, as: 'update caliber.event set principal_id = tenant_id where seq = 3' },
    'when an entry says it was': { at: 3, as: "update caliber.event set at = at + interval '1 second' where seq = 3" },
    'what kind an entry is': { at: 8, as: "update caliber.event set kind = 'scope.closed' where seq = 8" },
    'what an entry is about': { at: 6, as: `update caliber.event set data = '{"type": "rule"}' where seq = 6` },
    'the hash of an entry': { at: 2, as: "update caliber.event set hash = sha256('x') where seq = 2" },
    'the log by taking an entry out': { at: 6, as: 'delete from caliber.event where seq = 5' },
    'the memory by taking a turn out': { at: 8, as: "delete from caliber.turn where content = 'six'" },
  }
  test.each(Object.keys(changes))('%s is found at the entry where it happened', async (name) => {
    const { at, as } = changes[name] ?? { at: 0, as: '' }
    await tamper(as)
    const { ok, problems } = await verify()
    expect(ok).toBe(false)
    expect(problems[0]).toMatchObject({ id: `event ${at}` })
  })

  test('the newest entries by cutting them off is found at the head, and by the seal', async () => {
    await seal()
    await tamper('delete from caliber.event where seq > 6')
    expect((await verify()).problems.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['log head is not the newest event', expect.stringContaining('not what was sealed')]),
    )
    const [sixth] = await caliber.admin<{ hash: string }[]>`
      select hash::text as hash from caliber.event where tenant_id = ${tenant.tenantId} and seq = 6`
    await tamper(`update caliber.event_head set seq = 6, items = 4, hash = '${sixth?.hash}'`)
    await tamper("delete from caliber.turn where content = 'six'; delete from caliber.note where content = 'five'")
    expect((await verify()).problems).toContainEqual({
      what: expect.stringContaining('not what was sealed'),
      id: 'event 8',
    })
  })

  test('everything, so that the chain is whole again, is found by the seal and by nothing else', async () => {
    await seal()
    await tamper("update caliber.turn set content = 'won' where content = 'one'")
    await rechain()
    const { problems } = await verify()
    expect(problems).toEqual([{ what: expect.stringContaining('not what was sealed'), id: 'event 8' }])
  })

  test('negative control: without a seal a chain that was made anew looks whole', async () => {
    await tamper("update caliber.turn set content = 'won' where content = 'one'")
    await rechain()
    expect(await verify()).toMatchObject({ ok: true, checked: { seals: 0 } })
  })
})

describe('seals', () => {
  const file = () => path.join(directory, 'seals.jsonl')
  const edit = async (change: (lines: string[]) => string[]) => {
    const lines = (await readFile(file(), 'utf8')).trimEnd().split('\n')
    await writeFile(file(), `${change(lines).join('\n')}\n`)
  }

  test('that are altered, forged, reordered or taken out of the middle are found', async () => {
    await rm(file(), { force: true })
    await seal()
    await tenant.call('note.record', { subject: 's', content: 'more' })
    await seal()
    await seal()
    const honest = await readFile(file(), 'utf8')
    expect(await verify()).toMatchObject({ ok: true, checked: { seals: 3 } })
    const frauds: readonly ((lines: string[]) => string[])[] = [
      ([a = '', ...rest]) => [a.replace(/"hash":"./, '"hash":"z'), ...rest],
      ([a = '', ...rest]) => [a.replace(/"signature":"..../, '"signature":"AAAA'), ...rest],
      ([a = '', b = '', c = '']) => [b, a, c],
      ([a = '', , c = '']) => [a, c],
      ([, ...rest]) => rest,
      (lines) => ['not a seal', ...lines],
    ]
    for (const fraud of frauds) {
      await edit(fraud)
      expect((await verify()).problems).toContainEqual({
        what: 'a seal was tampered with',
        id: expect.stringContaining('line'),
      })
      await writeFile(file(), honest)
    }
    expect(await verify()).toMatchObject({ ok: true })
  })

  test('go on after a line that a crash left torn', async () => {
    await rm(file(), { force: true })
    await seal()
    await writeFile(file(), `${await readFile(file(), 'utf8')}{"tenantId":"torn`)
    await seal()
    expect(await verify()).toMatchObject({ ok: true, checked: { seals: 2 } })
  })
})

/** What the sealer does when its time has come. */
async function seal(): Promise<void> {
  const [head] = await caliber.admin<Seal[]>`
    select tenant_id as "tenantId", seq::int as seq, encode(hash, 'hex') as hash from caliber.event_head
    where tenant_id = ${tenant.tenantId}`
  const seals = await openSealFile(directory)
  if (head) await seals.append([{ ...head, at: new Date(Date.now() - 1_000).toISOString() }])
}

function verify(): Promise<Verified> {
  return tenant.call<Verified>('memory.verify', {})
}

/** Statements of a superuser on this tenant's rows alone, past constraints and triggers. */
async function tamper(statements: string): Promise<void> {
  const own = statements
    .split(';')
    .map((one) => `${one} ${one.includes('where') ? 'and' : 'where'} tenant_id = '${tenant.tenantId}'`)
  await caliber.admin.begin(async (sql) => {
    await sql`set local session_replication_role = replica`
    for (const one of own) await sql.unsafe(one)
  })
}

/** Make the chain anew over what stands there now, as somebody would who owns the database and knows how. */
async function rechain(): Promise<void> {
  await caliber.admin.unsafe(`
    do $$
    declare
      entry caliber.event;
      chained bytea := decode(repeat('00', 32), 'hex');
    begin
      for entry in select * from caliber.event where tenant_id = '${tenant.tenantId}' order by seq loop
        entry.content_digest := (caliber_private.brought(entry.tenant_id, entry.kind, entry.subject_id, entry.data)).digest;
        chained := caliber_private.event_hash(chained, entry);
        update caliber.event set content_digest = entry.content_digest, hash = chained
        where tenant_id = entry.tenant_id and seq = entry.seq;
      end loop;
      update caliber.event_head set hash = chained where tenant_id = '${tenant.tenantId}';
    end
    $$`)
}
