/** The start refuses a database whose walls are not the ones that were built: each fault alone is found and named. */
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPostgres } from './postgres.ts'
import { assertWalls } from './selfCheck.ts'
import { type TestDatabase, testDatabase } from './testing/database.ts'

let held: TestDatabase

beforeAll(async () => {
  held = await testDatabase()
})
afterAll(() => held.close())

test('what the migrations made is served from, also with an index that somebody added', async () => {
  await held.admin`create index of_mine on caliber.note (tenant_id, subject)`
  await expect(assertWalls(held.database)).resolves.toBeUndefined()
})

/** A statement that breaks a wall, and the one that mends it. */
const faults: Readonly<Record<string, readonly [string, string]>> = {
  'a wall that lets everybody pass': [
    'alter policy wall on caliber.note using (true)',
    'alter policy wall on caliber.note using (tenant_id = (select caliber.verified_tenant()))',
  ],
  'row security that is not forced': [
    'alter table caliber.turn no force row level security',
    'alter table caliber.turn force row level security',
  ],
  'row security that is off': [
    'alter table caliber.turn disable row level security',
    'alter table caliber.turn enable row level security',
  ],
  'a policy too many': ['create policy all_rows on caliber.note using (true)', 'drop policy all_rows on caliber.note'],
  'a grant too many': [
    'grant delete on caliber.event to caliber_app',
    'revoke delete on caliber.event from caliber_app',
  ],
  'a trigger that is off': [
    'alter table caliber.note disable trigger fence_insert',
    'alter table caliber.note enable always trigger fence_insert',
  ],
  'a function for everybody': [
    'grant execute on function caliber.append_events(jsonb) to public',
    'revoke execute on function caliber.append_events(jsonb) from public',
  ],
  'keys that the application may read': [
    'grant select on caliber_private.claim_key to caliber_app',
    'revoke select on caliber_private.claim_key from caliber_app',
  ],
  'an owner that is another': [
    // A role without grants on the table: its own would be lost with the way back.
    'alter table caliber.note owner to caliber_metrics',
    'alter table caliber.note owner to caliber_owner',
  ],
}
test.each(Object.keys(faults))('%s is refused, and fine once it is undone', async (name) => {
  const [fault, cure] = faults[name] ?? ['', '']
  await held.admin.unsafe(fault)
  await expect(assertWalls(held.database)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('not safe'),
  })
  await held.admin.unsafe(cure)
  await expect(assertWalls(held.database)).resolves.toBeUndefined()
})

test('a server is not served from as a role that can step over row security, and is as one that cannot', async () => {
  const { url, loginUrl } = held
  const strong = openPostgres({ url, tier: 'server', poolSize: 1 })
  const plain = openPostgres({ url: loginUrl, tier: 'server', poolSize: 1 })
  try {
    await expect(assertWalls(strong)).rejects.toMatchObject({ message: expect.stringContaining('no superuser') })
    await expect(assertWalls(plain)).resolves.toBeUndefined()
  } finally {
    await strong.close()
    await plain.close()
  }
})

test('an application role that became strong is refused on every tier', async () => {
  // Roles belong to the cluster, which other test files use: changed and looked at in one transaction that is rolled back.
  const probe = postgres(held.url, { max: 1, onnotice: () => {} })
  const undone = new Error('undone')
  try {
    await probe
      .begin(async (tx) => {
        await tx`alter role caliber_app bypassrls`
        const sql = async (strings: TemplateStringsArray, ...values: never[]) => [...(await tx(strings, ...values))]
        const database = { ...held.database, transaction: async (work: (tool: never) => unknown) => work(sql as never) }
        await expect(assertWalls(database as typeof held.database)).rejects.toMatchObject({
          message: expect.stringContaining('caliber_app can step over'),
        })
        throw undone
      })
      .catch((error: unknown) => expect(error).toBe(undone))
  } finally {
    await probe.end()
  }
})
