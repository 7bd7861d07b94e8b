/**
 * Write down every effect that a program has on the files below one directory, in order.
 *
 *     CALIBER_RECORD_ROOT=DIR CALIBER_RECORD_FILE=FILE node --import ./recordEffects.mjs program.mjs
 *
 * Loaded before the program, it wraps what Node offers for changing files, in the main thread and in every worker that
 * the program starts: PGlite's file system is made of these calls. An effect is written down when it has happened, so a
 * sync covers what stands before it; a sync that runs beside others also says when it began. Closing is written down
 * first, because the descriptor may be given out again at once.
 *
 * What it does not wrap goes unnoticed here, and is noticed by `Disk.differences`: the record must explain the directory.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import path from 'node:path'
import workerThreads from 'node:worker_threads'

const original = { ...fs, ...Object.fromEntries(Object.entries(fs.promises).map(([name, f]) => [`${name}Later`, f])) }
const root = process.env.CALIBER_RECORD_ROOT
const journal = original.openSync(process.env.CALIBER_RECORD_FILE, 'a')
/** Descriptors of this thread that lie below the root. */
const known = new Set()
let syncs = 0

/** Programs find it here to add entries of their own, such as acknowledgements, without knowing this file. */
globalThis[Symbol.for('caliber.record')] = record

function record(entry, bytes = new Uint8Array()) {
  const head = Buffer.from(JSON.stringify(entry))
  const sizes = Buffer.alloc(8)
  sizes.writeUInt32LE(head.length, 0)
  sizes.writeUInt32LE(bytes.byteLength, 4)
  // One call, so that the threads' entries do not mix.
  original.writeSync(journal, Buffer.concat([sizes, head, bytes]))
}

wrapThreads()
wrapSync()
wrapPromises()
syncBuiltinESMExports()

function wrapThreads() {
  const { Worker } = workerThreads
  workerThreads.Worker = class extends Worker {
    constructor(file, options = {}) {
      super(file, { ...options, execArgv: [...(options.execArgv ?? []), '--import', import.meta.url] })
    }
  }
}

function wrapSync() {
  after('openSync', (fd, file, flags = 'r') => opened(fd, file, flags))
  before('closeSync', closed)
  after('writeSync', (written, fd, bytes, offset = 0, _length, position = null) =>
    wrote(
      fd,
      typeof bytes === 'string' ? Buffer.from(bytes) : view(bytes).subarray(offset, offset + written),
      position,
    ),
  )
  after('ftruncateSync', (_, fd, size = 0) => known.has(fd) && record({ op: 'resize', fd, size }))
  after('truncateSync', (_, file, size = 0) => inside(file) && record({ op: 'resize', path: inside(file), size }))
  after('fsyncSync', (_, fd) => known.has(fd) && record({ op: 'sync', fd }))
  after('fdatasyncSync', (_, fd) => known.has(fd) && record({ op: 'sync', fd }))
  after('writeFileSync', (_, file, data) => put(file, data))
  after('mkdirSync', (_, directory) => made(directory))
  after('renameSync', (_, from, to) => moved(from, to))
  after('unlinkSync', (_, file) => removed([file]))
  after('rmdirSync', (_, file) => removed([file]))
}

function wrapPromises() {
  const { promises } = fs
  const later = (name, note) => {
    promises[name] = async (...given) => {
      const result = await original[`${name}Later`](...given)
      note(result, ...given)
      return result
    }
  }
  later('mkdir', (_, directory) => made(directory))
  later('rename', (_, from, to) => moved(from, to))
  later('unlink', (_, file) => removed([file]))
  later('rmdir', (_, file) => removed([file]))
  promises.rm = async (file, options) => {
    const victims = treeOf(file)
    await original.rmLater(file, options)
    removed(victims)
  }
  promises.writeFile = async (file, data, options) => {
    await original.writeFileLater(file, data, options)
    put(file, data, options?.flush === true)
  }
  promises.open = async (file, flags = 'r', mode) => {
    const handle = await original.openLater(file, flags, mode)
    opened(handle.fd, file, flags)
    return known.has(handle.fd) ? wrapHandle(handle) : handle
  }
}

function wrapHandle(handle) {
  const { fd } = handle
  const { close, sync, datasync, write, writeFile, appendFile, truncate } = handle
  const synced = (act) => async () => {
    const begin = `${process.pid}-${workerThreads.threadId}-${++syncs}`
    record({ op: 'begin', fd, begin })
    await act.call(handle)
    record({ op: 'sync', fd, begin })
  }
  return Object.assign(handle, {
    sync: synced(sync),
    datasync: synced(datasync),
    close() {
      closed(fd)
      return close.call(handle)
    },
    async write(bytes, ...place) {
      const result = await write.call(handle, bytes, ...place)
      const [offset = 0, , position = null] = place
      wrote(fd, view(bytes).subarray(offset, offset + result.bytesWritten), position)
      return result
    },
    async writeFile(data) {
      await writeFile.call(handle, data)
      wrote(fd, Buffer.from(data), null)
    },
    async appendFile(data) {
      await appendFile.call(handle, data)
      wrote(fd, Buffer.from(data), null)
    },
    async truncate(size = 0) {
      await truncate.call(handle, size)
      record({ op: 'resize', fd, size })
    },
  })
}

/** Node's own functions may call each other: only the outermost call counts. */
let depth = 0
function wrap(name, call) {
  fs[name] = (...given) => {
    if (depth > 0) return original[name](...given)
    depth += 1
    try {
      return call(...given)
    } finally {
      depth -= 1
    }
  }
}

function after(name, note) {
  wrap(name, (...given) => {
    const result = original[name](...given)
    note(result, ...given)
    return result
  })
}

function before(name, note) {
  wrap(name, (...given) => {
    note(...given)
    return original[name](...given)
  })
}

function opened(fd, file, flags) {
  if (!inside(file)) return
  known.add(fd)
  const { O_APPEND, O_CREAT, O_TRUNC } = fs.constants
  const make = typeof flags === 'string' ? /[wa]/.test(flags) : (flags & O_CREAT) !== 0
  const empty = typeof flags === 'string' ? flags.includes('w') : (flags & O_TRUNC) !== 0
  const append = typeof flags === 'string' ? flags.includes('a') : (flags & O_APPEND) !== 0
  record({ op: 'open', fd, path: inside(file), make, empty, append })
}

function closed(fd) {
  if (known.delete(fd)) record({ op: 'close', fd })
}

/** @param position null where the descriptor's own position counts */
function wrote(fd, bytes, position) {
  if (known.has(fd)) record({ op: 'write', fd, position: position === null ? null : Number(position) }, bytes)
}

function put(file, data, sync = false) {
  const bytes = typeof data === 'string' ? Buffer.from(data) : view(data)
  if (typeof file === 'number') wrote(file, bytes, null)
  else if (inside(file)) record({ op: 'put', path: inside(file), sync }, bytes)
}

function made(directory) {
  if (inside(directory)) record({ op: 'mkdir', path: inside(directory) })
}

function moved(from, to) {
  if (inside(from)) record({ op: 'rename', from: inside(from), to: inside(to) })
}

function removed(files) {
  for (const file of files) if (inside(file)) record({ op: 'remove', path: inside(file) })
}

/** A file or directory and all below, the deepest first. */
function treeOf(file) {
  if (!inside(file) || !original.existsSync(file)) return []
  if (!original.lstatSync(file).isDirectory()) return [file]
  return [...original.readdirSync(file).flatMap((name) => treeOf(path.join(file, name))), file]
}

/** The path below the root, `.` for the root itself, undefined elsewhere. */
function inside(file) {
  const whole = path.resolve(String(file))
  if (whole === root) return '.'
  return whole.startsWith(`${root}${path.sep}`) ? path.relative(root, whole) : undefined
}

function view(bytes) {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
