/** The bundled server: the port's suite, and what we promise about starting and stopping it. */
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPostgres } from '../postgres.ts'
import { sqlSuite } from '../sql.suite.ts'
import { type Cluster, startCluster } from './cluster.ts'

let root: string
let cluster: Cluster

beforeAll(async () => {
  root = await fs.mkdtemp(path.join(os.tmpdir(), 'caliber native-'))
  // mkdtemp closes the directory to the account that the server runs under.
  await fs.chmod(root, 0o711)
  cluster = await startCluster({ dataDir: path.join(root, 'data with spaces', 'long'.repeat(40)) })
})
afterAll(async () => {
  await cluster?.stop()
  await fs.rm(root, { recursive: true, force: true })
})

sqlSuite('native', async ({ statementTimeoutMs }) =>
  openPostgres({ url: cluster.adminUrl, tier: 'native', statementTimeoutMs }),
)

describe('the bundled server', () => {
  test('is durable, checks its pages, and listens on loopback only', async () => {
    const db = openPostgres({ url: cluster.adminUrl, tier: 'native' })
    const settings = await db.transaction(
      (sql) => sql<{ name: string; setting: string }>`
        select name, setting from pg_settings where name = any(array['fsync', 'synchronous_commit', 'full_page_writes',
          'data_checksums', 'listen_addresses', 'unix_socket_directories', 'password_encryption'])`,
    )
    await db.close()
    expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      data_checksums: 'on',
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      password_encryption: 'scram-sha-256',
    })
  })

  test('refuses a wrong password, and serves an application role without rights', async () => {
    const wrong = new URL(cluster.adminUrl)
    wrong.password = 'wrong'
    const refused = openPostgres({ url: wrong.href, tier: 'native' })
    await expect(refused.transaction((sql) => sql`select 1`)).rejects.toMatchObject({ name: 'CaliberError' })
    await refused.close()
    const app = openPostgres({ url: cluster.appUrl('postgres'), tier: 'native' })
    expect(
      await app.transaction(
        (sql) => sql`select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = current_user`,
      ),
    ).toEqual([{ rolsuper: false, rolbypassrls: false, rolcreaterole: false }])
    await expect(app.transaction((sql) => sql`create table public.t ()`)).rejects.toMatchObject({ code: 'forbidden' })
    await app.close()
  })

  test('keeps its secrets to itself, and what was written across a restart', async () => {
    const dataDir = path.join(root, 'restart')
    let own = await startCluster({ dataDir })
    let db = openPostgres({ url: own.adminUrl, tier: 'native' })
    await db.transaction((sql) => sql`create table t as select 'kept' as s`)
    await db.close()
    await own.stop()
    await own.stop()
    for (const name of ['secrets.json', 'server.log', 'cluster']) {
      expect((await fs.stat(path.join(dataDir, name))).mode & 0o077).toBe(0)
    }
    own = await startCluster({ dataDir })
    db = openPostgres({ url: own.adminUrl, tier: 'native' })
    expect(await db.transaction((sql) => sql`select s from t`)).toEqual([{ s: 'kept' }])
    await db.close()
    await own.stop()
  })

  test('a second start on the directory is refused', async () => {
    const dataDir = path.join(root, 'restart')
    const own = await startCluster({ dataDir })
    await expect(startCluster({ dataDir })).rejects.toMatchObject({ code: 'conflict' })
    await own.stop()
  })

  test('an initdb that was interrupted is started over', async () => {
    const dataDir = path.join(root, 'interrupted')
    await fs.mkdir(path.join(dataDir, 'cluster.unfinished', 'base'), { recursive: true, mode: 0o700 })
    await fs.chmod(dataDir, 0o700)
    await fs.writeFile(path.join(dataDir, 'cluster.unfinished', 'PG_VERSION'), '18\n')
    await (await startCluster({ dataDir })).stop()
  })
})
