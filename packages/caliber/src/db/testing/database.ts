/** A database of its own for each test file: cloned from the migrated template, dropped at the end. */
import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { inject } from 'vitest'
import { installClaimKey, newClaimKey } from '../claimKey.ts'
import { openPostgres } from '../postgres.ts'
import { openSessions, type Sessions } from '../session.ts'
import type { Database } from '../sql.ts'

export const template = 'caliber_template'

export interface TestDatabase {
  readonly database: Database
  /** In that database, with a claim key that it knows: row security binds them. */
  readonly sessions: Sessions
  /** The superuser in the same database, to look behind the walls. */
  readonly admin: postgres.Sql
  readonly url: string
  /** As the role that serves, which is neither superuser nor owner of anything. */
  readonly loginUrl: string
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
  const loginUrl = new URL(inject('loginUrl'))
  loginUrl.pathname = `/${name}`
  const admin = postgres(url.href, { max: 2, onnotice: () => {} })
  // A superuser that acts as the application: a session takes the role, so row security binds it.
  const database = openPostgres({ url: url.href, tier: 'native' })
  const key = newClaimKey()
  if (migrated) await installClaimKey(database, key)
  return {
    database,
    sessions: openSessions(database, key),
    admin,
    url: url.href,
    loginUrl: loginUrl.href,
    async close() {
      await database.close()
      await admin.end()
      await server.unsafe(`drop database ${name} with (force)`)
      await server.end()
    },
  }
}
