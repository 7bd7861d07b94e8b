/**
 * The worker thread that owns the engine: opens it, runs what arrives in order, keeps it healthy.
 *
 * PGlite runs Postgres in single-user mode, which has no background processes. What those would do and a memory cannot
 * go without is done here between transactions: a checkpoint when enough WAL has gathered (nothing else would ever
 * remove WAL), and a flush shortly after a commit that did not wait for the disk.
 *
 * `statement_timeout` does not work in single-user mode; the host ends a runaway statement by ending this thread.
 */
import fs from 'node:fs/promises'
import path from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { isoUtc, parseTextArray, safeInteger } from '../wire.ts'
import { DurableFs } from './durableFs.ts'
import { ensureCluster, unpackSnapshot } from './newCluster.ts'
import { optionalExtensions } from './optionalExtensions.ts'
import type { EngineOptions, EngineStats, Envelope, Failure, Reply } from './protocol.ts'

/** Checkpoint after this many WAL segments (4 MiB each in directories that we make). */
const CHECKPOINT_SEGMENTS = 16
/** What a checkpoint may need for files of its own. */
const CHECKPOINT_ROOM_BYTES = 1024 * 1024
/** How long a commit that did not wait may stay off the disk. */
const FLUSH_AFTER_MS = 200
/** Segment size of new clusters: the default of 16 MiB makes a new directory twice as large. */
const INITDB = ['--wal-segsize=4']

/** PGlite without its habit of asking for array types: arrays come back as on the other drivers. */
class Engine extends PGlite {
  override async _initArrayTypes(): Promise<void> {}
}

/** How rows come back; see the contract of `Sql`. OIDs are from Postgres' pg_type.dat. */
const parsers = { 20: safeInteger, 1184: isoUtc, 1009: parseTextArray, 2951: parseTextArray }
/** Values arrive as text already, whatever type the server infers. */
const asText = (value: unknown) => String(value)
const serializers = Object.fromEntries([16, 17, 20, 114, 1082, 1114, 1184, 3802].map((oid) => [oid, asText]))

const options = workerData as EngineOptions
let files: DurableFs | null = null
let checkpoints = 0
let flushTimer: NodeJS.Timeout | undefined

try {
  const engine = await open()
  engine.onNotification((channel, payload) => send({ kind: 'ring', channel, payload }))
  let tail = Promise.resolve()
  const inTurn = (job: () => Promise<void>) => {
    tail = tail.then(job)
  }
  parentPort?.on('message', (message: Envelope) =>
    inTurn(async () => {
      await answer(engine, message)
      if (message.kind === 'exec' && message.lazy) flushSoon(engine, inTurn)
      await checkpointWhenDue(engine)
    }),
  )
  send({ kind: 'ready' })
} catch (error) {
  send({ kind: 'failed', failure: failureOf(error) })
}

async function open(): Promise<PGlite> {
  const startParams = [
    ...PGlite.defaultStartParams.filter((param) => param !== '-F' && param !== '-O'),
    ...settings({
      fsync: options.clusterDir === null ? 'off' : 'on',
      wal_sync_method: 'fsync',
      TimeZone: 'UTC',
      shared_buffers: '32MB',
    }),
    ...settings(options.relaxed ? { synchronous_commit: 'off' } : {}),
  ]
  const extensions = await optionalExtensions()
  const common = { startParams, parsers, serializers, extensions, initDbStartParams: INITDB, onStderr: noticeAbort }
  if (options.clusterDir === null) {
    const snapshot = options.snapshotFile === null ? null : await fs.readFile(options.snapshotFile)
    if (snapshot === null) return withoutTemplates(await Engine.create(common))
    const loadDataDir = new Blob([new Uint8Array(snapshot)], { type: 'application/gzip' })
    return Engine.create({ ...common, loadDataDir })
  }
  await ensureCluster(options.clusterDir, async (unfinished) => {
    if (options.snapshotFile !== null) return unpackSnapshot(options.snapshotFile, unfinished)
    files = new DurableFs(unfinished)
    const first = await withoutTemplates(await Engine.create({ ...common, fs: files }))
    return first.close()
  })
  // Sort files of statements that were stopped; a server with a postmaster removes them itself.
  await fs.rm(path.join(options.clusterDir, 'base', 'pgsql_tmp'), { recursive: true, force: true })
  files = new DurableFs(options.clusterDir)
  return Engine.create({ ...common, fs: files })
}

/** Two thirds of a new cluster's files belong to the template databases; an engine with one session never needs them. */
async function withoutTemplates(engine: PGlite): Promise<PGlite> {
  await engine.exec(`update pg_database set datistemplate = false, datallowconn = true where datname like 'template_'`)
  for (const name of ['template0', 'template1']) await engine.exec(`drop database ${name}`)
  await engine.exec('checkpoint')
  return engine
}

async function answer(engine: PGlite, message: Envelope): Promise<void> {
  const { id } = message
  try {
    send({ kind: 'rows', id, rows: await run(engine, message) })
  } catch (error) {
    send({ kind: 'error', id, failure: failureOf(error) })
  }
  if (message.kind === 'close') parentPort?.close()
}

async function run(engine: PGlite, message: Envelope): Promise<readonly object[]> {
  switch (message.kind) {
    case 'query':
      if (message.before !== null) await engine.exec(message.before)
      return (await engine.query<object>(message.text, [...message.values])).rows
    case 'exec':
      await engine.exec(message.text)
      return []
    case 'script':
      try {
        await engine.exec(message.text)
      } finally {
        if (engine.isInTransaction()) await engine.exec('rollback')
        await engine.exec('reset session authorization; reset all')
      }
      return []
    case 'dump': {
      await engine.exec('checkpoint')
      return [{ archive: new Uint8Array(await (await engine.dumpDataDir('gzip')).arrayBuffer()) }]
    }
    case 'stats':
      return [stats()]
    case 'close':
      clearTimeout(flushTimer)
      // Without room for a checkpoint this end is a crash, which the next start recovers from.
      if (!(await hasRoom(options.clusterDir))) return []
      await engine.exec('checkpoint')
      await engine.close()
      return []
  }
}

function stats(): EngineStats {
  return { fileSyncs: files?.fileSyncs ?? 0, directorySyncs: files?.directorySyncs ?? 0, checkpoints }
}

async function checkpointWhenDue(engine: PGlite): Promise<void> {
  if (!files || files.walSegments < CHECKPOINT_SEGMENTS || engine.closed || engine.isInTransaction()) return
  // A checkpoint that finds no room is a panic. Without room nothing writes WAL either, so this one can wait.
  if (!(await hasRoom(options.clusterDir))) return
  files.walSegments = 0
  checkpoints += 1
  await unasked(() => engine.exec('checkpoint'))
}

/** Run what no request asked for. An engine that breaks off at it must not be used again: it would never return. */
async function unasked(job: () => Promise<unknown>): Promise<void> {
  try {
    await job()
  } catch (error) {
    const failure = failureOf(error)
    if (failure.fatal) send({ kind: 'failed', failure })
  }
}

/**
 * After a panic PGlite 0.5.14 calls the dead engine in an endless loop, so this thread never comes to answer again. The
 * runtime's last words come before that, and the host can end us while we spin.
 */
function noticeAbort(line: string): boolean {
  const lastWords = line.startsWith('Aborted(')
  if (lastWords)
    send({ kind: 'failed', failure: { code: files?.sawDiskFull ? '53100' : '', message: line, fatal: true } })
  return false
}

async function hasRoom(directory: string | null): Promise<boolean> {
  if (directory === null) return true
  const disk = await fs.statfs(directory)
  return disk.bavail * disk.bsize >= CHECKPOINT_ROOM_BYTES
}

/** Flushing the WAL up to a message of ours flushes everything that was committed before it. */
function flushSoon(engine: PGlite, inTurn: (job: () => Promise<void>) => void): void {
  flushTimer ??= setTimeout(() => {
    flushTimer = undefined
    inTurn(async () => {
      if (engine.closed) return
      if (engine.isInTransaction()) return flushSoon(engine, inTurn)
      await unasked(() => engine.exec(`select pg_logical_emit_message(false, 'caliber', '', true)`))
    })
  }, FLUSH_AFTER_MS)
}

function failureOf(error: unknown): Failure {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  const message = error instanceof Error ? error.message : String(error)
  const severity = error instanceof Error && 'severity' in error ? error.severity : undefined
  const parsed = code === 'internal'
  // Neither a message of the server nor of a parser of ours: the engine itself broke off.
  const fatal = !parsed && (severity === undefined || severity === 'FATAL' || severity === 'PANIC')
  return { code: fatal && files?.sawDiskFull ? '53100' : parsed ? '' : code, message, fatal }
}

function send(reply: Reply): void {
  parentPort?.postMessage(reply)
}

function settings(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}
