/**
 * The embedded driver: PGlite in a worker thread, made durable and exclusive.
 *
 * One process owns the data directory (`db/directory/lock.ts`). Inside, transactions take turns, because the engine has
 * one session. The engine is replaced whenever a statement passes its limit or the worker dies: committed rows are on
 * disk, the call at fault is told, those in line go on with the next engine.
 *
 *     <dataDir>/owner.json   who holds the directory
 *     <dataDir>/cluster/     the Postgres cluster; complete as soon as it carries this name
 *     <dataDir>/ballast      room to start with when the disk is full
 *
 * Row security is a guard-rail here, not a wall: the engine's session is always superuser underneath. So no text of a
 * user ever becomes a statement.
 */
import path from 'node:path'
import { CaliberError } from '../../domain/errors.ts'
import { type DirectoryLock, holdDirectory } from '../directory/lock.ts'
import type { Database } from '../sql.ts'
import { ensureBallast, releaseBallast } from './ballast.ts'
import { type Engine, startEngine } from './engine.ts'
import { closedError, fairQueue } from './fairQueue.ts'
import type { EngineOptions, EngineStats } from './protocol.ts'
import { runTransaction } from './transaction.ts'

export interface PgliteOptions {
  /** Made if missing. Without one, everything is in memory and gone at `close`. */
  readonly dataDir?: string
  /** A held lock of `dataDir`, for a caller who publishes something in it. It stays the caller's; without one we lock. */
  readonly lock?: DirectoryLock
  /** What {@link PgliteDatabase.dump} wrote. A new directory starts from it in a third of the time of initdb. */
  readonly snapshotFile?: string
  /** Longest time a single statement may run. Default 30,000. */
  readonly statementTimeoutMs?: number
  /** `relaxed`: a commit reaches the disk up to 200 ms after it resolved. Nothing is torn, the last moment may be lost. */
  readonly durability?: 'full' | 'relaxed'
}

export interface PgliteDatabase extends Database {
  /** The whole cluster as a gzipped tar, for `snapshotFile`. */
  dump(): Promise<Uint8Array>
  stats(): Promise<EngineStats & { /** Engines replaced since opening. */ readonly restarts: number }>
}

/** Transactions in line beyond which new ones are refused. */
const MAX_WAITING = 10_000
/** Migrations and dumps take as long as they take, but not forever. */
const SCRIPT_DEADLINE_MS = 600_000

/**
 * Open the database of a directory, or one in memory.
 *
 * @throws CaliberError `conflict` when another process holds the directory, `storage_full` when the disk has no room
 * even without the ballast, `forbidden` when the directory is not ours alone
 */
export async function openPglite(options: PgliteOptions = {}): Promise<PgliteDatabase> {
  const own = options.dataDir !== undefined && !options.lock ? await holdDirectory(options.dataDir) : null
  try {
    return await openHeld(options, options.lock ?? own, async () => own?.release())
  } catch (error) {
    await own?.release()
    throw error
  }
}

async function openHeld(
  options: PgliteOptions,
  lock: DirectoryLock | null,
  onClosed: () => Promise<void>,
): Promise<PgliteDatabase> {
  const limitMs = options.statementTimeoutMs ?? 30_000
  const lazy = options.durability === 'relaxed'
  const ballast = lock && path.join(lock.directory, 'ballast')
  const listeners = new Map<string, Set<(payload: string) => void>>()
  const queue = fairQueue(MAX_WAITING)
  const engineOptions: EngineOptions = {
    clusterDir: lock && path.join(lock.directory, 'cluster'),
    snapshotFile: options.snapshotFile ?? null,
    relaxed: lazy,
  }
  let restarts = -1
  let closing: Promise<void> | null = null
  let current: Promise<Engine> | null = null

  /** The living engine, or the next one. */
  const engine = async (): Promise<Engine> => {
    const held = await current?.catch(() => null)
    if (held?.alive()) return held
    if (closing && held) throw closedError()
    if (held && engineOptions.clusterDir === null) throw memoryLost()
    current = replace(held ?? null)
    return current
  }
  const replace = async (previous: Engine | null): Promise<Engine> => {
    // Two engines on one directory would destroy it.
    await previous?.ended
    const next = await withBallast(ballast, () => startEngine(engineOptions, ring))
    try {
      for (const channel of listeners.keys()) await next.call(exec(`listen ${quoted(channel)}`), limitMs)
    } catch (error) {
      await next.stop()
      throw error
    }
    restarts += 1
    // Start the next at once, so that whoever comes next need not wait for it.
    void next.ended.then(() => {
      if (!closing) void queue.run(engine).catch(() => {})
    })
    return next
  }
  const ring = (channel: string, payload: string): void => {
    for (const onRing of listeners.get(channel) ?? []) queueMicrotask(() => onRing(payload))
  }

  await engine()
  if (ballast) await ensureBallast(ballast)

  return {
    tier: 'embedded',

    transaction: (work, given = {}) =>
      queue.run(async () => {
        const relaxedDurability = lazy || (given.relaxedDurability ?? false)
        return runTransaction(await engine(), work, { ...given, relaxedDurability }, limitMs)
      }),

    script: (text) =>
      queue.run(async () => void (await (await engine()).call({ kind: 'script', text }, SCRIPT_DEADLINE_MS))),

    listen: (channel, onRing) =>
      queue.run(async () => {
        const heard = listeners.get(channel) ?? new Set()
        listeners.set(channel, heard.add(onRing))
        await (await engine()).call(exec(`listen ${quoted(channel)}`), limitMs)
        return async () => {
          heard.delete(onRing)
          if (heard.size > 0 || listeners.get(channel) !== heard || closing) return
          listeners.delete(channel)
          await queue.run(async () => void (await (await engine()).call(exec(`unlisten ${quoted(channel)}`), limitMs)))
        }
      }),

    dump: () =>
      queue.run(async () => {
        const [dumped] = await (await engine()).call<{ archive: Uint8Array }>({ kind: 'dump' }, SCRIPT_DEADLINE_MS)
        if (!dumped) throw new CaliberError('internal', 'The dump came back empty. Please report this.')
        return dumped.archive
      }),

    stats: () =>
      queue.run(async () => {
        const [counted] = await (await engine()).call<EngineStats>({ kind: 'stats' }, limitMs)
        if (!counted) throw new CaliberError('internal', 'The engine has no counters. Please report this.')
        return { ...counted, restarts }
      }),

    close() {
      closing ??= (async () => {
        await queue.close()
        const last = await current?.catch(() => null)
        // A clean end only saves the next start some recovery: a failure costs nothing that was promised.
        await last?.call({ kind: 'close' }, SCRIPT_DEADLINE_MS).catch(() => {})
        await last?.ended
        if (ballast) await ensureBallast(ballast)
        await onClosed()
      })()
      return closing
    },
  }
}

/** Start; when the disk is too full even for that, give the ballast back and start again. */
async function withBallast(ballast: string | null, start: () => Promise<Engine>): Promise<Engine> {
  try {
    return await start()
  } catch (error) {
    const full = error instanceof CaliberError && error.code === 'storage_full'
    if (!full || ballast === null || !(await releaseBallast(ballast))) throw error
    return start()
  }
}

function memoryLost(): CaliberError {
  return new CaliberError('unavailable', 'The database was in memory, and its engine was stopped. Open a new one.')
}

const exec = (text: string) => ({ kind: 'exec', text, lazy: false }) as const
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
