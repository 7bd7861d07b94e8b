/**
 * Look whether a memory is in good health: the machine, the directory, the database and the walls in it.
 *
 * It reads and changes nothing. Each finding says what to do about it. What only the owner of a directory can see is
 * skipped, and said to be skipped, where this process is attached to one.
 */
import { stat, statfs } from 'node:fs/promises'
import os from 'node:os'
import { readOwner } from '../db/directory/owner.ts'
import { pendingMigrations } from '../db/migrate.ts'
import type { Database, Sql } from '../db/sql.ts'
import { findVectorExtension } from '../db/vectorExtension.ts'
import { CaliberError, type ErrorCode } from '../domain/errors.ts'
import type { Embedder } from '../models/embedder.ts'
import { openO200k } from '../models/tokenizer.ts'
import { embeddersOf } from './embeddersOf.ts'
import type { Seat } from './seat.ts'
import { summariserOf } from './summariserOf.ts'

export interface Finding {
  readonly check: string
  /** `skip`: could not be looked at from here. */
  readonly status: 'ok' | 'warn' | 'fail' | 'skip'
  /** What was found and, unless it is fine, what to do. */
  readonly message: string
  /** Why it failed, where an error says so. */
  readonly code?: ErrorCode
}

const modelPatienceMs = 10_000
const oldestNode = [20, 19] as const
const oldestPostgres = 150_000
const mebibyte = 1024 * 1024
const littleDiskBytes = 1024 * mebibyte
const tooLittleDiskBytes = 100 * mebibyte

/** What can be seen without opening anything. @param directory need not exist */
export async function examineMachine(directory: string): Promise<readonly Finding[]> {
  return [
    nodeVersion(),
    ok('platform', `${os.type()} ${os.release()}, ${process.arch}, ${os.availableParallelism()} cores`),
    ...(await directoryRights(directory)),
    tokenizer(),
    ...(await embedders()),
    ...(await answering('summariser', askSummariser)),
    warn('encryption', 'off: Caliber does not encrypt what it stores. Keep the data on an encrypted disk.'),
  ]
}

/** What the seat can tell. */
export async function examineSeat(seat: Seat): Promise<readonly Finding[]> {
  const findings = [await owner(seat), await reachable(seat)]
  const database = seat.owned?.database
  if (!database) {
    const message = 'only its owner can look into the database. Stop the owner and run doctor again.'
    return [...findings, { check: 'database', status: 'skip', message }]
  }
  for (const [check, look] of databaseChecks) findings.push(await attempt(check, () => look(database)))
  return findings
}

/** Make a finding of an error that kept us from looking. */
export function failed(check: string, error: unknown): Finding {
  if (error instanceof CaliberError) return { check, status: 'fail', message: error.message, code: error.code }
  return { check, status: 'fail', message: error instanceof Error ? error.message : String(error) }
}

const databaseChecks: readonly (readonly [string, (database: Database) => Promise<Finding>])[] = [
  ['version', version],
  ['schema', schema],
  ['application role', applicationRoles],
  ['connecting role', connectingRole],
  ['row security', rowSecurity],
  ['durability', durability],
  ['pgvector', vectorExtension],
]

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isOld = major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])
  const needed = oldestNode.join('.')
  return isOld
    ? fail('node', `${process.version} is too old. Install ${needed} or newer.`)
    : ok('node', process.version)
}

async function directoryRights(directory: string): Promise<readonly Finding[]> {
  const check = 'directory'
  const found = await stat(directory).catch(() => undefined)
  if (!found) return [warn(check, `${directory} is not there yet; the first command that opens it makes it.`)]
  if (!found.isDirectory()) return [fail(check, `${directory} is not a directory. Name another with --data-dir.`)]
  const uid = process.getuid?.()
  const mode = (found.mode & 0o777).toString(8).padStart(3, '0')
  const rights =
    uid === undefined
      ? ok(check, `${directory}; its access list is not looked at on this system`)
      : (found.mode & 0o077) !== 0
        ? fail(
            check,
            `others can enter ${directory} (mode ${mode}). Run: chmod 700 ${JSON.stringify(directory)}`,
            'forbidden',
          )
        : found.uid !== uid && uid !== 0
          ? fail(check, `${directory} belongs to another user. Use a directory of your own.`, 'forbidden')
          : ok(check, `${directory}, mode ${mode}`)
  return [rights, await freeDisk(directory)]
}

async function freeDisk(directory: string): Promise<Finding> {
  return attempt('disk', async () => {
    const { bavail, bsize } = await statfs(directory)
    const freeBytes = bavail * bsize
    const said = `${Math.round(freeBytes / mebibyte).toLocaleString('en')} MiB free`
    if (freeBytes < tooLittleDiskBytes) return fail('disk', `${said}: writes are about to fail. Make room.`)
    return freeBytes < littleDiskBytes ? warn('disk', `${said}. Make room soon.`) : ok('disk', said)
  })
}

function tokenizer(): Finding {
  try {
    const { name, count } = openO200k()
    return count('hello world') === 2
      ? ok('tokenizer', name)
      : fail('tokenizer', `${name} miscounts. Install Caliber again.`)
  } catch (error) {
    return failed('tokenizer', error)
  }
}

/** Whether a model answers, and what there is to say of it. Nothing where none is named. */
async function answering(
  check: string,
  ask: (signal: AbortSignal) => Promise<string | undefined>,
): Promise<readonly Finding[]> {
  try {
    const said = await ask(AbortSignal.timeout(modelPatienceMs))
    return said === undefined ? [] : [ok(check, said)]
  } catch (error) {
    return [failed(check, error)]
  }
}

async function embedders(): Promise<readonly Finding[]> {
  try {
    const { embedder, previousEmbedder } = await embeddersOf({})
    return [
      ...(await answering('embedder', (signal) => askEmbedder(embedder, signal))),
      ...(await answering('previous embedder', (signal) => askEmbedder(previousEmbedder, signal))),
    ]
  } catch (error) {
    return [failed('embedder', error)]
  }
}

async function askEmbedder(named: Embedder | undefined, signal: AbortSignal): Promise<string | undefined> {
  try {
    await named?.embed(['hello world'], { signal })
    return named && `${named.model} answers with ${named.dimensions} dimensions`
  } finally {
    await named?.close?.()
  }
}

async function askSummariser(signal: AbortSignal): Promise<string | undefined> {
  const named = summariserOf({})
  await named?.summarise(['The harbour is open.', 'It closes at ten.'], { maxTokens: 32, signal })
  return named && `${named.name} answers`
}

async function owner({ role, directory }: Seat): Promise<Finding> {
  const found = await readOwner(directory)
  if (role === 'owner') return ok('owner', 'nobody else has the directory open')
  const where = found?.published['url']
  const who = found ? `process ${found.pid} on ${found.host} since ${found.startedAt}` : 'another process'
  return ok('owner', where === undefined ? who : `${who}, serving ${where}`)
}

async function reachable({ transport }: Seat): Promise<Finding> {
  return attempt('tier', async () => {
    const answer = await transport.call('server.version', {})
    const tier = typeof answer === 'object' && answer !== null && 'tier' in answer ? String(answer.tier) : 'unknown'
    const health = await transport.call('server.health', {})
    const answers = typeof health === 'object' && health !== null && 'database' in health && health.database === 'ok'
    return answers
      ? ok('tier', `${tier}, the database answers`)
      : fail('tier', `${tier}, and its database does not answer.`)
  })
}

async function version(database: Database): Promise<Finding> {
  const [row] = await database.transaction(
    (sql) =>
      sql<{ name: string; number: number }>`
      select current_setting('server_version') as name, current_setting('server_version_num')::integer as number`,
  )
  if (!row) return fail('version', 'the database does not say its version.')
  const said = `Postgres ${row.name}`
  return row.number < oldestPostgres
    ? fail('version', `${said} is too old. Caliber needs 15 or newer.`)
    : ok('version', said)
}

async function schema(database: Database): Promise<Finding> {
  const missing = await pendingMigrations(database).catch((error: unknown) => {
    if (error instanceof CaliberError && error.code === 'forbidden') return undefined
    throw error
  })
  // A role that serves requests need not read the installer's records.
  if (!missing) return ok('schema', 'brought up to date when it was opened; this role may not read the records')
  if (missing.length > 0) return fail('schema', `lacks ${missing.join(', ')}. Run: caliber migrate`)
  const [row] = await database.transaction(
    (sql) => sql<{ version: number }>`select max(version) as version from caliber_schema.migration`,
  )
  return ok('schema', `version ${row?.version ?? 0}, up to date`)
}

interface Role {
  readonly name: string
  readonly isSuper: boolean
  readonly bypasses: boolean
}

/** The roles that requests act as and that own the tables: neither may step over row security. */
async function applicationRoles(database: Database): Promise<Finding> {
  const check = 'application role'
  const roles = await database.transaction(
    (sql) =>
      sql<Role>`
      select rolname as name, rolsuper as "isSuper", rolbypassrls as bypasses from pg_roles
      where rolname in ('caliber_app', 'caliber_owner') order by rolname`,
  )
  if (roles.length < 2) return fail(check, 'caliber_app or caliber_owner is missing. Run: caliber migrate')
  const strong = roles.filter(({ isSuper, bypasses }) => isSuper || bypasses).map(({ name }) => name)
  if (strong.length === 0) return ok(check, 'caliber_app and caliber_owner are no superusers and obey row security')
  const cure = strong.map((name) => `alter role ${name} nosuperuser nobypassrls`).join('; ')
  return fail(check, `${strong.join(' and ')} can step over row security. Run: ${cure}`)
}

/** Who we connect as matters where other people have accounts: on a server. */
async function connectingRole(database: Database): Promise<Finding> {
  const check = 'connecting role'
  const [role] = await database.transaction(
    (sql) =>
      sql<Role>`
      select rolname as name, rolsuper as "isSuper", rolbypassrls as bypasses from pg_roles where rolname = session_user`,
  )
  if (!role) return fail(check, 'the connecting role is not in the catalog.')
  if (!role.isSuper && !role.bypasses) return ok(check, `${role.name}, neither superuser nor beyond row security`)
  if (database.tier === 'embedded')
    return ok(check, `${role.name}; the embedded database has no network and no other users`)
  return warn(check, `${role.name} can step over row security. Connect as a role that may only become caliber_app.`)
}

async function rowSecurity(database: Database): Promise<Finding> {
  const check = 'row security'
  const tables = await database.transaction(
    (sql: Sql) =>
      sql<{ name: string; walled: boolean }>`
      select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as walled
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'caliber' and c.relkind in ('r', 'p') order by c.relname`,
  )
  if (tables.length === 0) return fail(check, 'there is no table in the schema caliber. Run: caliber migrate')
  const open = tables.filter(({ walled }) => !walled).map(({ name }) => name)
  if (open.length === 0) return ok(check, `enabled and forced on all ${tables.length} tables`)
  const cure = open.map((name) => `alter table caliber.${name} enable row level security, force row level security`)
  return fail(check, `off on ${open.join(', ')}: tenants can see each other. Run: ${cure.join('; ')}`)
}

async function durability(database: Database): Promise<Finding> {
  const check = 'durability'
  const [row] = await database.transaction(
    (sql) =>
      sql<{ fsync: string; commits: string; pages: string }>`
      select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commits,
             current_setting('full_page_writes') as pages`,
  )
  if (!row) return fail(check, 'the database does not say how it writes.')
  const said = `fsync ${row.fsync}, synchronous_commit ${row.commits}, full_page_writes ${row.pages}`
  if (row.fsync !== 'on') return fail(check, `${said}: a crash can destroy the database. Set fsync = on.`)
  if (row.commits === 'off')
    return warn(check, `${said}: a crash can lose the last commits. Set synchronous_commit = on.`)
  return row.pages === 'on'
    ? ok(check, said)
    : warn(check, `${said}. Set full_page_writes = on, unless the disk writes pages whole.`)
}

/** Never missed: without it, memories hold their vectors whatever room they take. */
async function vectorExtension(database: Database): Promise<Finding> {
  const found = await findVectorExtension(database)
  if (found)
    return ok('pgvector', `${found.version} in schema ${found.schema}: it searches what is too large for memory`)
  return ok('pgvector', 'none that can be used: every memory holds its vectors itself')
}

async function attempt(check: string, look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look()
  } catch (error) {
    return failed(check, error)
  }
}

function ok(check: string, message: string): Finding {
  return { check, status: 'ok', message }
}

function warn(check: string, message: string): Finding {
  return { check, status: 'warn', message }
}

function fail(check: string, message: string, code?: ErrorCode): Finding {
  return { check, status: 'fail', message, ...(code && { code }) }
}
