/** A database of its own for each test file: cloned from the migrated template, dropped at the end. */
import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { inject } from 'vitest'
import { openPostgres } from '../postgres.ts'
import type { Database } from '../sql.ts'

export const template = 'caliber_template'

export interface TestDatabase {
  /** As the application's login role: row security binds it. */
  readonly database: Database
  /** The superuser in the same database, to look behind the walls. */
  readonly admin: postgres.Sql
  readonly url: string
  close(): Promise<void>
}

/** Clone the template (or make an empty database) and connect to it. */
export async function testDatabase({ migrated = true } = {}): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`
  const adminUrl = inject('adminUrl')
  const server = postgres(adminUrl, { max: 1, onnotice: () => {} })
  await server.unsafe(`create database ${name} template ${migrated ? template : 'template0'}`)
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  const admin = postgres(url.href, { max: 2, onnotice: () => {} })
  // A superuser that acts as the application: `inSession` takes the role, so row security binds it.
  const database = openPostgres({ url: url.href, tier: 'native' })
  return {
    database,
    admin,
    url: url.href,
    async close() {
      await database.close()
      await admin.end()
      await server.unsafe(`drop database ${name} with (force)`)
      await server.end()
    },
  }
}
