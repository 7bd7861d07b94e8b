/**
 * The SQLite store, on whichever SQLite there is. Node 20 has none: `npm test` runs this file under the
 * Node of test/legs/node22; by hand, install better-sqlite3.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { main } from '../src/cli/main.ts'
import { createGraph } from '../src/index.ts'
import { load, save, share } from '../src/persist.ts'
import { storeSuite } from '../src/store/store.suite.ts'
import { openStore } from '../src/stored.ts'

const root = join(import.meta.dirname, '..')
let folder = ''
let made = 0
const children: ChildProcess[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'talos-sqlite-'))
  if (process.env['CALIBER_TEST_BUILT'] !== undefined && existsSync(join(root, 'dist/stored.js'))) return
  const tsc = createRequire(import.meta.url)
    .resolve('typescript/package.json')
    .replace('package.json', 'bin/tsc')
  execFileSync(process.execPath, [tsc, '-b'], { cwd: root })
}, 120_000)

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

const freshFile = () => join(folder, `${made++}.sqlite`)

storeSuite('sqlite', async () => (await openStore(freshFile(), { create: true })).store)

test('S2: sqlite: of creates in many processes exactly one wins each key, and none fails', async () => {
  const file = freshFile()
  const writers = await Promise.all(Array.from({ length: 6 }, () => startWriter(file, 'create', '100')))
  for (const { child } of writers) child.stdin?.write('go')
  const wins = await Promise.all(writers.map(async ({ next }) => JSON.parse(await next()) as number[]))
  expect(wins.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n))
})

test('S7: sqlite: a process killed while it writes leaves a whole entry, no older than what it was told is kept', async () => {
  const file = freshFile()
  for (const acknowledged of [1, 2, 5, 11]) {
    const { child, next } = await startWriter(file, 'write')
    child.stdin?.write('go')
    for (let n = 1; n <= acknowledged; n++) expect(await next()).toBe(String(n))
    child.kill('SIGKILL')
    await once(child, 'exit')
    const { store, close } = await openStore(file, { create: false })
    const data = (await store.read('big')) ?? new Uint8Array()
    close()
    expect(data).toHaveLength(300_000)
    expect(new Set(data).size).toBe(1)
    expect(data[0]).toBeGreaterThanOrEqual(acknowledged)
  }
})

test('S8: sqlite: a damaged file is reported as such, and load goes on without it', async () => {
  const file = freshFile()
  const { store, close } = await openStore(file, { create: true })
  const graph = createGraph()
  for (let n = 0; n < 500; n++) graph.input('x'.repeat(200), { id: `n${n}`, persist: true })
  for (let n = 0; n < 20; n++) await save(graph, store, `g${n}`)
  close()
  const { size } = await stat(file)
  const damaged = await open(file, 'r+')
  // Past the first pages, which hold the schema.
  await damaged.write(Buffer.alloc(size - 16_384, 0xa5), 0, size - 16_384, 16_384)
  await damaged.close()
  const again = await openStore(file, { create: false })
  const problems = new Set<unknown>()
  for (let n = 0; n < 20; n++) problems.add((await load(createGraph(), again.store, `g${n}`)).problem?.code)
  again.close()
  expect(problems).toEqual(new Set(['corrupt_store']))
  await writeFile(file, Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(4096, 7)]))
  await expect(openStore(file, { create: false })).rejects.toThrow(expect.objectContaining({ code: 'corrupt_store' }))
})

test('H1: sqlite: graphs on two connections share one computation', async () => {
  const file = freshFile()
  let calls = 0
  const results = await Promise.all(
    [0, 1].map(async () => {
      const { store } = await openStore(file, { create: true })
      return share(store, 'square', async (n: number) => (calls++, n * n))(12)
    }),
  )
  expect(results).toEqual([144, 144])
  expect(calls).toBe(1)
})

test('Q5: an SQLite file is a store for the command line, and a database of something else is not touched', async () => {
  const module = join(folder, 'sheet.mjs')
  await writeFile(
    module,
    `import { createGraph } from ${JSON.stringify(pathToFileURL(join(root, 'src/index.ts')).href)}
    export const graph = createGraph()
    const rate = graph.input(2, { id: 'rate', persist: true })
    graph.derived(() => rate.get() * 10, { id: 'tax', persist: true })`,
  )
  const file = freshFile()
  const talos = async (store: string, ...words: string[]) => {
    let out: unknown
    const code = await main([...words, '--store', store, '--key', 'k'], (text) => (out = JSON.parse(text)))
    return { code, out }
  }
  expect(await talos(file, 'eval', 'tax', '--module', module)).toMatchObject({ code: 0, out: { value: 20 } })
  expect((await talos(file, 'set', 'rate', '-3')).out).toEqual({ set: 'rate', stale: ['tax'] })
  expect((await talos(file, 'node', 'rate')).out).toMatchObject({ value: -3 })
  expect((await talos(file, 'eval', 'tax', '--module', module)).out).toMatchObject({ value: -30 })

  const theirs = freshFile()
  const { close } = await openStore(theirs, { create: true })
  close()
  const bytes = Buffer.from(
    (await readFile(theirs)).toString('latin1').replaceAll('talos_entry', 'their_table'),
    'latin1',
  )
  await writeFile(theirs, bytes)
  expect(await talos(theirs, 'stats')).toMatchObject({ code: 1, out: { error: { code: 'foreign_store' } } })
  expect((await readFile(theirs)).equals(bytes)).toBe(true)
})

async function startWriter(...words: string[]): Promise<{ child: ChildProcess; next: () => Promise<string> }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'sqliteWriter.mjs'), ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error('The writer ended early.')
    return value as string
  }
  expect(await next()).toBe('ready')
  return { child, next }
}
