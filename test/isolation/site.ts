/**
 * A server with all its doors over a database of its own, on a native Postgres: the doors are in this process, and the
 * database is reached as the role that serves. The superuser stands by, to look behind the walls.
 */
import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import {
  type ClaimKey,
  createHttpApp,
  createRuntime,
  installClaimKey,
  mcpRoutes,
  migrate,
  newClaimKey,
  openPostgres,
  openSessions,
  type Runtime,
  type Sessions,
} from './product.ts'
import { type Issuer, newIssuer } from './tokens.ts'

/** A Postgres server: its URLs lead to any of its databases once the path is changed. */
export interface PostgresServer {
  readonly adminUrl: string
  readonly loginUrl: string
}

/** A migrated database, and the key that its claims are signed with. */
export interface Ground {
  readonly server: PostgresServer
  readonly database: string
  readonly key: ClaimKey
  /** Of tokens that the server takes. */
  readonly issuer: Issuer
}

export interface Site {
  readonly ground: Ground
  readonly sessions: Sessions
  readonly runtime: Runtime
  readonly app: Awaited<ReturnType<typeof createHttpApp>>
  readonly admin: postgres.Sql
  close(): Promise<void>
}

/** Make a database and migrate it, or what a template lacks. */
export async function breakGround(server: PostgresServer, template = 'template0'): Promise<Ground> {
  const name = newName()
  await onServer(server, `create database ${name} template ${template}`)
  const database = openPostgres({ url: at(server.adminUrl, name), tier: 'native', poolSize: 1 })
  await migrate(database)
  await database.script('grant caliber_app to caliber_login')
  const key = newClaimKey()
  await installClaimKey(database, key)
  await database.close()
  return { server, database: name, key, issuer: newIssuer() }
}

/** The same content in another database. Nobody may be connected to the first one. */
export async function copyGround({ server, database, key, issuer }: Ground): Promise<Ground> {
  const name = newName()
  await onServer(server, `create database ${name} template ${database}`)
  return { server, database: name, key, issuer }
}

export async function dropGround({ server, database }: Ground): Promise<void> {
  await onServer(server, `drop database ${database} with (force)`)
}

/** @param change makes another server of it. For negative controls */
export async function openSite(
  ground: Ground,
  change: (runtime: Runtime) => Runtime = (runtime) => runtime,
): Promise<Site> {
  const { server, database, key, issuer } = ground
  const { auth } = issuer
  const pool = openPostgres({ url: at(server.loginUrl, database), tier: 'native', poolSize: 6 })
  const sessions = openSessions(pool, key)
  const runtime = change(await createRuntime(sessions, { auth }))
  const app = await createHttpApp({ ...runtime, auth, log: false })
  await app.register(mcpRoutes({ ...runtime, version: '0.0.0' }))
  await app.ready()
  const admin = superuserOf(ground)
  return {
    ground,
    sessions,
    runtime,
    app,
    admin,
    async close() {
      await app.close()
      await runtime.close()
      await pool.close()
      await admin.end()
    },
  }
}

/** One connection of the superuser. */
export function superuserOf({ server, database }: Ground): postgres.Sql {
  return postgres(at(server.adminUrl, database), { max: 1, onnotice: () => {} })
}

/** One connection of the role that serves. */
export function loginOf({ server, database }: Ground): postgres.Sql {
  return postgres(at(server.loginUrl, database), { max: 1, onnotice: () => {} })
}

function at(serverUrl: string, database: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  return url.href
}

async function onServer({ adminUrl }: PostgresServer, statement: string): Promise<void> {
  const sql = postgres(adminUrl, { max: 1, onnotice: () => {} })
  try {
    await sql.unsafe(statement)
  } finally {
    await sql.end()
  }
}

const newName = () => `isolation_${randomBytes(6).toString('hex')}`
