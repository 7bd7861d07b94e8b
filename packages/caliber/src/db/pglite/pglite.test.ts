/** The embedded driver: the port's suite, and what only an engine inside our own process has to promise. */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sqlSuite } from '../sql.suite.ts'
import type { Database } from '../sql.ts'
import { openPglite, type PgliteDatabase } from './open.ts'
import { vacuumChanged } from './vacuum.ts'

let root: string
let snapshotFile: string

beforeAll(async () => {
  root = await fs.mkdtemp(path.join(os.tmpdir(), 'caliber pglite-'))
  snapshotFile = path.join(root, 'snapshot.tar.gz')
  const db = await openPglite()
  await fs.writeFile(snapshotFile, await db.dump())
  await db.close()
})
afterAll(async () => {
  await fs.rm(root, { recursive: true, force: true })
})

sqlSuite('pglite', shared())

describe('durability', () => {
  test('a commit costs one fsync, a relaxed one none before it resolves, and a read none', async () => {
    const db = await openAt('fsync')
    await db.transaction((sql) => sql`create table t (i int)`)
    const syncs = async (work: () => Promise<unknown>) => {
      const before = (await db.stats()).fileSyncs
      await work()
      return (await db.stats()).fileSyncs - before
    }
    const insert = (relaxedDurability: boolean) => () =>
      db.transaction((sql) => sql`insert into t values (1)`, { relaxedDurability })

    const perCommit: number[] = []
    for (let i = 0; i < 20; i += 1) perCommit.push(await syncs(insert(false)))
    expect(Math.min(...perCommit)).toBeGreaterThanOrEqual(1)
    expect(perCommit.toSorted((a, b) => a - b)[10]).toBe(1)
    expect(await syncs(insert(true))).toBe(0)
    expect(await syncs(() => db.transaction((sql) => sql`select * from t`))).toBe(0)
    // Single-user mode has no WAL writer: the worker brings relaxed commits to the disk itself.
    const before = (await db.stats()).fileSyncs
    await insert(true)()
    await expect.poll(async () => (await db.stats()).fileSyncs, { timeout: 5_000 }).toBeGreaterThan(before)
    await db.close()
  })

  test('a new table syncs the directory its files appear in', async () => {
    const db = await openAt('directories')
    const before = await db.stats()
    await db.transaction((sql) => sql`create table t (i int primary key, s text)`)
    expect((await db.stats()).directorySyncs).toBeGreaterThan(before.directorySyncs)
    await db.close()
  })

  test('WAL is checkpointed away while the engine runs', async () => {
    const db = await openAt('wal')
    await db.transaction((sql) => sql`create table t (s text)`)
    for (let i = 0; i < 12; i += 1) {
      await db.transaction((sql) => sql`insert into t select repeat('x', 1000) from generate_series(1, 10000)`)
    }
    expect((await db.stats()).checkpoints).toBeGreaterThan(0)
    await db.close()
  })

  test('nothing in the directory is open to others, and what was written is there again', async () => {
    let db = await openAt('rights')
    await db.transaction((sql) => sql`create table t as select 'kept' as s`)
    await db.close()
    db = await openAt('rights')
    expect(await db.transaction((sql) => sql`select s from t`)).toEqual([{ s: 'kept' }])
    const open: string[] = []
    for (const entry of await fs.readdir(at('rights'), { recursive: true })) {
      if (((await fs.stat(path.join(at('rights'), entry))).mode & 0o077) !== 0) open.push(entry)
    }
    expect(open).toEqual([])
    expect((await fs.stat(at('rights'))).mode & 0o777).toBe(0o700)
    await db.close()
  })
})

describe('the directory', () => {
  test('a second opener is refused with the pid of the first, and admitted after its end', async () => {
    const first = await openAt('owned')
    const refused = openAt('owned')
    await expect(refused).rejects.toMatchObject({ code: 'conflict', detail: { pid: process.pid } })
    await first.close()
    await (await openAt('owned')).close()
  })

  test('a restore that was interrupted is started over', async () => {
    await fs.mkdir(at('interrupted/cluster.unfinished/base'), { recursive: true, mode: 0o700 })
    await fs.chmod(at('interrupted'), 0o700)
    await fs.writeFile(at('interrupted/cluster.unfinished/PG_VERSION'), '18\n')
    const db = await openAt('interrupted')
    expect(await db.transaction((sql) => sql`select 1 as v`)).toEqual([{ v: 1 }])
    expect((await fs.readdir(at('interrupted'))).toSorted()).toEqual(['ballast', 'cluster', 'owner.json'])
    await db.close()
  })

  test('a snapshot that is cut short is refused and leaves no cluster behind', async () => {
    const cut = path.join(root, 'cut.tar.gz')
    await fs.writeFile(cut, (await fs.readFile(snapshotFile)).subarray(0, 100_000))
    await expect(openPglite({ dataDir: at('cut'), snapshotFile: cut })).rejects.toMatchObject({ code: 'unavailable' })
    expect(await fs.readdir(at('cut'))).not.toContain('cluster')
    await (await openAt('cut')).close()
  })
})

describe('the watchdog', () => {
  test('ends a runaway statement; the calls in line go on and bells ring on', async () => {
    const db = await openPglite({ dataDir: at('watchdog'), snapshotFile, statementTimeoutMs: 3_000 })
    await db.transaction((sql) => sql`create table t as select 1 as v`)
    const heard: string[] = []
    await db.listen('bell', (payload) => heard.push(payload))
    const endless = db.transaction(
      (sql) => sql`select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b`,
    )
    const behind = Array.from({ length: 20 }, () => db.transaction((sql) => sql`select v from t`))
    await expect(endless).rejects.toMatchObject({ code: 'timeout' })
    expect(await Promise.all(behind)).toEqual(behind.map(() => [{ v: 1 }]))
    await db.transaction((sql) => sql`select pg_notify('bell', 'again')`)
    await expect.poll(() => heard).toEqual(['again'])
    expect((await db.stats()).restarts).toBe(1)
    await db.close()
  })

  test('refuses more transactions than may wait', async () => {
    const db = await openAt('watchdog')
    const slow = db.transaction(async () => new Promise((resolve) => setTimeout(resolve, 300)))
    const waiting = Array.from({ length: 10_001 }, () =>
      db.transaction(async () => 1).catch((e: { code: string }) => e.code),
    )
    expect((await Promise.all(waiting)).filter((result) => result === 'unavailable').length).toBeGreaterThan(0)
    await slow
    await db.close()
  })
})

describe('a full disk', () => {
  const disk = () => path.join(root, 'disk')
  let mounted = false
  beforeAll(async () => {
    await fs.mkdir(disk(), { mode: 0o700 })
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=110m,mode=0700', 'tmpfs', disk()], { stdio: 'ignore' })
      mounted = true
    } catch {
      // Only root may mount; the test says that it was skipped.
    }
  })
  afterAll(() => {
    if (mounted) execFileSync('umount', ['--lazy', disk()])
  })

  test('is storage_full; reads go on, and nothing acknowledged is lost', async (context) => {
    if (!mounted) context.skip('cannot mount a small disk here')
    const dataDir = path.join(disk(), 'data')
    let db = await openPglite({ dataDir, snapshotFile })
    await db.transaction((sql) => sql`create table t (i int, s text)`)
    let acknowledged = 0
    let error: unknown
    while (error === undefined && acknowledged < 1000) {
      const i = acknowledged
      await db
        .transaction(
          (sql) =>
            sql`insert into t select ${i}, string_agg(md5(random()::text || g), '') from generate_series(1, 4000) g`,
        )
        .then(
          () => {
            acknowledged += 1
          },
          (e: unknown) => {
            error = e
          },
        )
    }
    expect(error).toMatchObject({ code: 'storage_full' })
    const rows = async () => (await db.transaction((sql) => sql`select count(distinct i) as n from t`))[0]?.['n']
    expect(await rows()).toBe(acknowledged)
    await db.close()
    db = await openPglite({ dataDir })
    expect(await rows()).toBe(acknowledged)
    await db.close()
  })

  test('does not lock anybody out: the ballast makes room to start, and comes back with the space', async (context) => {
    if (!mounted) context.skip('cannot mount a small disk here')
    await fs.rm(path.join(disk(), 'data'), { recursive: true, force: true })
    const dataDir = path.join(disk(), 'start')
    const filler = path.join(disk(), 'filler')
    const ballast = path.join(dataDir, 'ballast')
    let db = await openPglite({ dataDir, snapshotFile })
    await db.transaction((sql) => sql`create table t as select 'kept' as s`)
    await db.close()

    await fillUp(filler)
    db = await openPglite({ dataDir })
    expect(await db.transaction((sql) => sql`select s from t`)).toEqual([{ s: 'kept' }])
    await expect(fs.access(ballast)).rejects.toThrow()
    await fs.rm(filler)
    await db.close()
    expect((await fs.stat(ballast)).size).toBeGreaterThan(0)

    // Negative control: without ballast there is no way in, and it says why.
    await fs.rm(ballast)
    await fillUp(filler)
    await expect(openPglite({ dataDir })).rejects.toMatchObject({ code: 'storage_full' })
    await fs.rm(filler)
    db = await openPglite({ dataDir })
    expect(await db.transaction((sql) => sql`select s from t`)).toEqual([{ s: 'kept' }])
    await db.close()
  })
})

test('tables that have changed much are vacuumed and counted, once', async () => {
  const db = await openAt('vacuum')
  const never = new AbortController().signal
  await db.transaction((sql) => sql`create table t (i int primary key)`)
  await db.transaction((sql) => sql`create table quiet (i int)`)
  await db.transaction((sql) => sql`insert into t select generate_series(1, 1000)`)
  await db.transaction((sql) => sql`insert into quiet values (1)`)
  await db.transaction((sql) => sql`delete from t where i > 300`)
  expect(await vacuumChanged(db, AbortSignal.abort())).toEqual([])
  await expect.poll(() => vacuumChanged(db, never)).toEqual(['public.t'])
  const [counted] = await db.transaction(
    (sql) => sql<{ live: number }>`select reltuples::int as live from pg_class where relname = 't'`,
  )
  expect(counted).toEqual({ live: 300 })
  expect(await vacuumChanged(db, never)).toEqual([])
  await db.close()
})

test('without a directory everything is in memory and gone afterwards', async () => {
  const db = await openPglite({ snapshotFile })
  await db.transaction((sql) => sql`create table t as select 1 as v`)
  expect(await db.transaction((sql) => sql`select v from t`)).toEqual([{ v: 1 }])
  await db.close()
})

test('a runaway statement in memory ends that database for good instead of emptying it in silence', async () => {
  const db = await openPglite({ snapshotFile, statementTimeoutMs: 1_000 })
  await db.transaction((sql) => sql`create table t as select 1 as v`)
  const endless = db.transaction(
    (sql) => sql`select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b`,
  )
  await expect(endless).rejects.toMatchObject({ code: 'timeout' })
  await expect(db.transaction((sql) => sql`select v from t`)).rejects.toMatchObject({ code: 'unavailable' })
  await db.close()
})

const at = (name: string) => path.join(root, name)
const openAt = (name: string): Promise<PgliteDatabase> => openPglite({ dataDir: at(name), snapshotFile })

/** The suite opens more than once, and a directory admits one owner: later ones get a copy of the first one's data. */
function shared() {
  let main: Promise<PgliteDatabase> | undefined
  return async ({ statementTimeoutMs }: { readonly statementTimeoutMs: number }): Promise<Database> => {
    if (statementTimeoutMs === 30_000 && !main) {
      main = openAt('suite')
      return main
    }
    const copy = at(`suite-${statementTimeoutMs}`)
    const archive = path.join(root, 'suite.tar.gz')
    await fs.writeFile(archive, (await (await main)?.dump()) ?? new Uint8Array())
    return openPglite({ dataDir: copy, snapshotFile: archive, statementTimeoutMs })
  }
}

async function fillUp(file: string): Promise<void> {
  const handle = await fs.open(file, 'w')
  try {
    for (let size = 1 << 20; size >= 512; size /= 2) {
      for (;;) {
        const { bytesWritten } = await handle.write(new Uint8Array(size)).catch(() => ({ bytesWritten: 0 }))
        if (bytesWritten < size) break
      }
    }
  } finally {
    await handle.close()
  }
}
