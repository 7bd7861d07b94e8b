/** The recorded life of a directory: made by running a program, read back, and stopped at any point of it. */
import fs from 'node:fs'
import path from 'node:path'
import { makeOlder } from './bareDatabase.mjs'
import { Disk } from './disk.mjs'
import { start } from './program.mjs'

/** How histories run: `dies` ends a life as kill -9 does, otherwise it closes. */
const plots = {
  /** A new directory. */
  fresh: [{ work: 'write', dies: true }, { work: 'write' }, { work: 'import', dies: true }],
  /** One of an earlier version, which begins with migrating. */
  older: [{ work: 'write' }],
  /** A new directory of PGlite as it ships. */
  shipped: [{ work: 'write', dies: true }, { work: 'write' }, { work: 'write', dies: true }],
}

/**
 * Live through a history and record it. What is there when it begins counts as long on the disk.
 *
 * @param name of a plot; also of what is put into `folder`
 * @param batches that each life writes
 */
export async function recordHistory(folder, name, { program, batches }) {
  const root = path.join(folder, name)
  const dataDir = path.join(root, 'memory')
  fs.mkdirSync(root)
  if (name === 'older') await makeOlder('embedded', dataDir, 2, folder)
  if (name === 'shipped') await live(program, ['write', '--data-dir', dataDir, '--batches', '3', '--name', 'base'], {})
  const lasts = (file) => fs.statSync(file).isFile() || fs.statSync(file).isDirectory()
  fs.cpSync(root, baseOf(folder, name), { recursive: true, filter: lasts })

  for (const [index, { work, dies = false }] of plots[name].entries()) {
    const words = [work, '--data-dir', dataDir, '--name', `${name}${index + 1}`, '--batches', `${batches}`]
    await live(program, dies ? [...words, '--die'] : words, {
      nodeWords: ['--import', new URL('recordEffects.mjs', import.meta.url).href],
      environment: { CALIBER_RECORD_ROOT: root, CALIBER_RECORD_FILE: recordOf(folder, name, index) },
    })
  }
  // At once, before anything is concluded from a record that is not complete.
  cutHistory(readHistory(folder, name), []).next()
}

/** @returns its entries, and which of them is the first acknowledgement */
export function readHistory(folder, name) {
  const lives = plots[name].map((_, index) => recordOf(folder, name, index))
  const entries = lives.flatMap((file) => [...readEntries(file), { op: 'end' }])
  return { folder, name, entries, firstAcknowledged: entries.findIndex(({ op }) => op === 'acknowledge') }
}

/**
 * Replay a history and make the directory that each cut leaves.
 *
 * @param cuts `{ at, luck }`, sorted: how many entries had happened, and what decides about the rest
 * @throws Error when the end of the replay is not what is really there: the record has left something out
 */
export function* cutHistory({ folder, name, entries }, cuts) {
  const disk = new Disk()
  disk.adopt(baseOf(folder, name))
  const acknowledged = []
  let next = 0
  for (let at = 0; at <= entries.length; at += 1) {
    for (; cuts[next]?.at === at; next += 1) {
      const { luck } = cuts[next]
      const directory = fs.mkdtempSync(path.join(folder, `cut-${name}-${at}-`))
      disk.leave(directory, luck)
      yield { name, at, luck: luck.said, directory, acknowledged: [...acknowledged] }
    }
    const entry = entries[at]
    if (entry?.op === 'acknowledge') acknowledged.push(entry.key)
    else if (entry?.op === 'end') disk.closeAll()
    else if (entry) disk.apply(entry, entry.bytes)
  }
  const differences = disk.differences(path.join(folder, name))
  if (differences.length > 0) throw new Error(`The record does not explain ${differences.slice(0, 5).join(', ')}.`)
}

async function live(program, words, how) {
  const end = await start(program, words, how).ended
  if (end !== (words.includes('--die') ? 'SIGKILL' : 0))
    throw new Error(`${program} ${words.join(' ')} ended with ${end}.`)
}

/** What recordEffects.mjs wrote: two lengths, an entry, and the bytes that belong to it. */
function* readEntries(file) {
  const all = fs.readFileSync(file)
  for (let at = 0; at < all.length; ) {
    const body = at + 8 + all.readUInt32LE(at)
    const end = body + all.readUInt32LE(at + 4)
    yield { ...JSON.parse(all.toString('utf8', at + 8, body)), bytes: all.subarray(body, end) }
    at = end
  }
}

const baseOf = (folder, name) => path.join(folder, `${name}.base`)
const recordOf = (folder, name, index) => path.join(folder, `${name}.${index + 1}.record`)
