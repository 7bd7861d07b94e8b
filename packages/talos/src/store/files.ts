/**
 * A store of files in one directory.
 *
 * A file is named by the digest of its key and repeats the key inside, so no two keys collide and no key
 * can leave the directory. Entries appear by rename or link of a synced temporary file, never by writing
 * in place; the directory is synced afterwards. Directories are 0700, files 0600, links are refused.
 */
import { createHash, randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import * as nodeFiles from 'node:fs/promises'
import { join } from 'node:path'
import { TalosError } from '../errors.ts'
import type { Store } from './store.ts'

/** The calls used, so that tests can make any of them the last before a crash. */
export type Files = Pick<typeof nodeFiles, 'open' | 'rename' | 'link' | 'unlink' | 'mkdir' | 'readdir' | 'lstat'>

const MAGIC = 'talos-entry 1\n'

export function fileStore(directory: string, files: Files = nodeFiles): Store {
  const prepared = prepare(files, directory)
  // Each use of the store reports it; a store that is not used must not end the process.
  prepared.catch(() => {})

  function pathOf(key: string): { folder: string; path: string } {
    const name = createHash('sha256').update(key).digest('hex')
    const folder = join(directory, name.slice(0, 2))
    return { folder, path: join(folder, name) }
  }

  async function put(key: string, data: Uint8Array, place: (temporary: string, path: string) => Promise<void>) {
    await prepared
    const { folder, path } = pathOf(key)
    await directoryAt(files, folder)
    const temporary = join(folder, `.${randomBytes(8).toString('hex')}.tmp`)
    try {
      const file = await files.open(temporary, 'wx', 0o600)
      try {
        await file.writeFile(pack(key, data))
        await file.sync()
      } finally {
        await file.close()
      }
      await place(temporary, path)
    } finally {
      // After a rename there is nothing left; after a link or a failure there is.
      await files.unlink(temporary).catch(ignoreMissing)
    }
    await syncDirectory(files, folder)
  }

  return {
    async read(key) {
      await prepared
      const content = await readWhole(files, pathOf(key).path)
      if (content === undefined) return undefined
      const entry = unpack(content)
      if (entry.key !== key) throw corrupt(key)
      return entry.data
    },
    write: (key, data) => put(key, data, (temporary, path) => files.rename(temporary, path)),
    async create(key, data) {
      try {
        await put(key, data, (temporary, path) => files.link(temporary, path))
        return true
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return false
        throw error
      }
    },
    async delete(key) {
      await prepared
      const { folder, path } = pathOf(key)
      try {
        await files.unlink(path)
      } catch (error) {
        ignoreMissing(error)
        return false
      }
      await syncDirectory(files, folder)
      return true
    },
    async *list(prefix) {
      await prepared
      for (const folder of await files.readdir(directory)) {
        if (!/^[0-9a-f]{2}$/.test(folder)) continue
        for (const name of await files.readdir(join(directory, folder))) {
          if (!/^[0-9a-f]{64}$/.test(name)) continue
          const content = await readWhole(files, join(directory, folder, name)).catch(() => undefined)
          const key = content === undefined ? undefined : keyIn(content)
          if (key?.startsWith(prefix)) yield key
        }
      }
    },
  }
}

async function prepare(files: Files, directory: string): Promise<void> {
  await files.mkdir(directory, { recursive: true, mode: 0o700 })
  await refuseLink(files, directory)
}

async function directoryAt(files: Files, folder: string): Promise<void> {
  await files.mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error
  })
  await refuseLink(files, folder)
}

async function refuseLink(files: Files, path: string): Promise<void> {
  const stat = await files.lstat(path)
  if (!stat.isDirectory()) throw new TalosError('unsafe_path', `${path} is not a directory of its own.`, { path })
}

async function readWhole(files: Files, path: string): Promise<Buffer | undefined> {
  let file: Awaited<ReturnType<Files['open']>>
  try {
    file = await files.open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    if (codeOf(error) === 'ELOOP') throw new TalosError('unsafe_path', `${path} is a symbolic link.`, { path }, error)
    throw error
  }
  try {
    return await file.readFile()
  } finally {
    await file.close()
  }
}

async function syncDirectory(files: Files, path: string): Promise<void> {
  const handle = await files.open(path, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function pack(key: string, data: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${MAGIC}${JSON.stringify(key)}\n`), data])
}

function unpack(content: Buffer): { key: string | undefined; data: Uint8Array } {
  const end = content.indexOf('\n', MAGIC.length)
  return { key: keyIn(content), data: new Uint8Array(content.subarray(end + 1)) }
}

function keyIn(content: Buffer): string | undefined {
  if (content.subarray(0, MAGIC.length).toString() !== MAGIC) return undefined
  const end = content.indexOf('\n', MAGIC.length)
  try {
    const key: unknown = JSON.parse(content.subarray(MAGIC.length, end).toString())
    return typeof key === 'string' ? key : undefined
  } catch {
    return undefined
  }
}

function corrupt(key: string): TalosError {
  return new TalosError('corrupt_store', 'An entry of the store is damaged or belongs to another key.', { key })
}

function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}
