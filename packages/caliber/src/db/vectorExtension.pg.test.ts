/** pgvector is used where it is there, usable and new enough, and is missed nowhere. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { migrate } from './migrate.ts'
import { openPglite } from './pglite/open.ts'
import { assertWalls } from './selfCheck.ts'
import type { Database } from './sql.ts'
import { testDatabase } from './testing/database.ts'
import { findVectorExtension, installVectorExtension } from './vectorExtension.ts'

let database: Database
beforeAll(async () => {
  database = await openPglite()
  await migrate(database)
})
beforeEach(() => database.script('drop extension if exists vector; grant usage on schema public to public'))
afterAll(() => database.close())

test('where its files are there it is installed once, and the walls stay what they were built as', async () => {
  expect(await findVectorExtension(database)).toBeUndefined()
  await installVectorExtension(database)
  await installVectorExtension(database)
  expect(await findVectorExtension(database)).toMatchObject({
    schema: 'public',
    version: expect.stringMatching(/^0\.8/),
  })
  await assertWalls(database)
})

test('it is found in any schema that the application role may use', async () => {
  await database.script('create schema "Some extensions"; create extension vector schema "Some extensions"')
  expect(await findVectorExtension(database)).toBeUndefined()
  await database.script('grant usage on schema "Some extensions" to caliber_app')
  expect(await findVectorExtension(database)).toMatchObject({ schema: '"Some extensions"' })
})

test('an old one, and one whose files are gone, is none', async () => {
  await installVectorExtension(database)
  await database.script(`update pg_extension set extversion = '0.6.2' where extname = 'vector'`)
  expect(await findVectorExtension(database)).toBeUndefined()
  await database.script(`update pg_extension set extversion = '0.10.0' where extname = 'vector'`)
  expect(await findVectorExtension(database)).toBeDefined()
  // As after a restore to a machine without them: the record is there, and what it speaks of cannot be loaded.
  await database.script(`update pg_proc set probin = '$libdir/gone' where proname = 'array_to_vector'`)
  expect(await findVectorExtension(database)).toBeUndefined()
  expect(await database.transaction((sql) => sql`select 1 as one`)).toEqual([{ one: 1 }])
})

test('a server that has no such files is left as it is', async () => {
  const plain = await testDatabase()
  try {
    const [there] = await plain.admin`select 1 from pg_available_extensions where name = 'vector'`
    await installVectorExtension(plain.database)
    if (!there) expect(await findVectorExtension(plain.database)).toBeUndefined()
    await assertWalls(plain.database)
  } finally {
    await plain.close()
  }
})
