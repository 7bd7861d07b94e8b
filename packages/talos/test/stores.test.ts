import * as nodeFiles from 'node:fs/promises'
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { createGraph } from '../src/index.ts'
import { type Files, fileStore, load, memoryStore, save } from '../src/persist.ts'
import { storeSuite } from '../src/store/store.suite.ts'

const folders: string[] = []
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'talos-'))
  folders.push(path)
  return join(path, 'store')
}

storeSuite('memory', async () => memoryStore())
storeSuite('files', async () => fileStore(await folder()))

test('S6: files and directories are private, and links are refused', async () => {
  const path = await folder()
  const store = fileStore(path)
  await store.write('k', new Uint8Array([1]))
  const [shard] = (await readdir(path)) as [string]
  const [name] = (await readdir(join(path, shard))) as [string]
  expect((await stat(path)).mode & 0o777).toBe(0o700)
  expect((await stat(join(path, shard))).mode & 0o777).toBe(0o700)
  expect((await stat(join(path, shard, name))).mode & 0o777).toBe(0o600)
  expect(await readdir(join(path, shard))).toHaveLength(1)
  const target = join(path, 'target')
  await writeFile(target, await readFile(join(path, shard, name)))
  await rm(join(path, shard, name))
  await symlink(target, join(path, shard, name))
  await expect(store.read('k')).rejects.toThrow(expect.objectContaining({ code: 'unsafe_path' }))
  const link = `${path}-link`
  await symlink(path, link)
  await expect(fileStore(link).read('k')).rejects.toThrow(expect.objectContaining({ code: 'unsafe_path' }))
})

test('S7: a crash at any call of a save leaves the old state or the new one', async () => {
  for (let crashAt = 1; ; crashAt++) {
    const path = await folder()
    await write(fileStore(path), 1)
    let calls = 0
    const crashed = await write(
      fileStore(
        path,
        crashing(() => ++calls >= crashAt),
      ),
      2,
    ).then(
      () => false,
      () => true,
    )
    const graph = createGraph()
    const input = graph.input(0, { id: 'x', persist: true })
    const report = await load(graph, fileStore(path), 'g')
    expect(report.problem).toBeUndefined()
    expect([1, 2]).toContain(input.get())
    if (!crashed) {
      expect(input.get()).toBe(2)
      expect(crashAt).toBeGreaterThan(8)
      return
    }
  }

  async function write(store: ReturnType<typeof fileStore>, value: number) {
    const graph = createGraph()
    graph.input(value, { id: 'x', persist: true })
    await save(graph, store, 'g')
  }

  /** Every call from the crash on fails, as nothing runs after a crash; a write is torn half way. */
  function crashing(isDown: () => boolean): Files {
    let down = false
    const step = async () => {
      down ||= isDown()
      if (down) throw new Error('crash')
    }
    const wrap =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        await step()
        return call(...args)
      }
    const open = async (...args: Parameters<Files['open']>) => {
      await step()
      const file = await nodeFiles.open(...args)
      return {
        writeFile: async (data: Uint8Array) => {
          await file.writeFile(data.subarray(0, data.length / 2))
          await step()
          await file.writeFile(data.subarray(data.length / 2))
        },
        readFile: () => file.readFile(),
        sync: () => step().then(() => file.sync()),
        close: () => file.close(),
      }
    }
    return {
      open: open as unknown as Files['open'],
      rename: wrap(nodeFiles.rename) as Files['rename'],
      link: wrap(nodeFiles.link) as Files['link'],
      unlink: wrap(nodeFiles.unlink) as Files['unlink'],
      mkdir: wrap(nodeFiles.mkdir as (...args: unknown[]) => Promise<unknown>) as unknown as Files['mkdir'],
      readdir: wrap(nodeFiles.readdir as (...args: unknown[]) => Promise<unknown>) as unknown as Files['readdir'],
      lstat: wrap(nodeFiles.lstat as (...args: unknown[]) => Promise<unknown>) as unknown as Files['lstat'],
    }
  }
})

test('S8: a damaged or foreign file is an error of that entry, never another key', async () => {
  const path = await folder()
  const store = fileStore(path)
  await store.write('k', new Uint8Array([1]))
  const [shard] = (await readdir(path)) as [string]
  const [name] = (await readdir(join(path, shard))) as [string]
  const content = await readFile(join(path, shard, name))
  await writeFile(join(path, shard, name), Buffer.from(content.toString().replace('"k"', '"z"')))
  await expect(store.read('k')).rejects.toThrow(expect.objectContaining({ code: 'corrupt_store' }))
})
