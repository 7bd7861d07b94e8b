import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { main } from '../src/cli/main.ts'
import { createGraph } from '../src/index.ts'
import { digest, fileStore, load, type Store, save } from '../src/persist.ts'
import { openStore } from '../src/stored.ts'

let folder = ''
let module = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'talos-cli-'))
  module = await writeSheet('sheet.mjs')
})

afterAll(() => rm(folder, { recursive: true, force: true }))

function talos(...args: string[]): Promise<{ code: number; out: unknown }> {
  return talosOn(join(folder, 'store'), 'sheet', ...args)
}

async function talosOn(store: string, key: string, ...args: string[]): Promise<{ code: number; out: unknown }> {
  let out: unknown
  const code = await main([...args, '--store', store, '--key', key], (text) => {
    out = JSON.parse(text)
  })
  return { code, out }
}

async function seed() {
  const graph = createGraph()
  const price = graph.input(100, { id: 'price', persist: true })
  const rate = graph.input(0.5, { id: 'rate', persist: true })
  const tax = graph.derived(() => price.get() * rate.get(), { id: 'tax', persist: true })
  const total = graph.derived(() => price.get() + tax.get(), { id: 'total', persist: true })
  total.get()
  await save(graph, fileStore(join(folder, 'store')), 'sheet')
}

test('Q1: the command line shows a stored graph as JSON', async () => {
  await seed()
  expect((await talos('stats')).out).toEqual({ inputs: 2, derived: 2, edges: 4, stale: 0, valueBytes: 11 })
  expect((await talos('node', 'tax')).out).toEqual({
    id: 'tax',
    kind: 'derived',
    version: '',
    stale: false,
    value: 50,
    dependencies: ['price', 'rate'],
    consumers: ['total'],
  })
  expect((await talos('tree', 'tax')).out).toMatchObject({ id: 'tax', children: [{ id: 'price' }, { id: 'rate' }] })
  expect((await talos('flow', 'rate')).out).toMatchObject({
    id: 'rate',
    children: [{ id: 'tax', children: [{ id: 'total' }] }],
  })
  expect((await talos('graph')).out).toMatchObject({ edges: expect.arrayContaining([['tax', 'total']]) })
})

test('Q2: set saves, parses JSON only, and what read the old value is stale and computed again', async () => {
  await seed()
  expect(await talos('set', 'rate', '0.1')).toEqual({ code: 0, out: { set: 'rate', stale: ['tax', 'total'] } })
  expect((await talos('stale')).out).toEqual(['tax', 'total'])
  expect((await talos('why', 'total')).out).toEqual({ id: 'total', served: false, changed: [], uncertain: ['tax'] })
  expect((await talos('why', 'tax')).out).toMatchObject({ changed: ['rate'] })
  const graph = createGraph()
  const price = graph.input(0, { id: 'price', persist: true })
  const rate = graph.input(0, { id: 'rate', persist: true })
  const tax = graph.derived(() => price.get() * rate.get(), { id: 'tax', persist: true })
  await load(graph, fileStore(join(folder, 'store')), 'sheet')
  expect(tax.get()).toBe(10)
  await talos('set', 'rate', '0.5')
  expect((await talos('stale')).out).toEqual([])
  await talos('set', 'rate', '2')
  expect((await talos('gc')).out).toEqual({ removed: 2 })
  expect((await talos('stats')).out).toMatchObject({ inputs: 2, derived: 0 })
})

test('Q3: unknown nodes, bad JSON, missing stores and code instead of JSON exit non-zero', async () => {
  await seed()
  const failing: [string[], string][] = [
    [['node', 'nope'], 'unknown_id'],
    [['set', 'rate', 'process.exit()'], 'invalid_argument'],
    [['set', 'tax', '1'], 'not_writable'],
    [['set', 'rate'], 'invalid_argument'],
    [['fly'], 'invalid_argument'],
    [['eval', 'tax'], 'invalid_argument'],
    [['stats', '--secret-env', 'TALOS_NO_SUCH_VARIABLE'], 'invalid_argument'],
  ]
  for (const [args, code] of failing) expect(await talos(...args)).toMatchObject({ code: 1, out: { error: { code } } })
  expect(await main(['stats'], () => {})).toBe(1)
  expect(await main(['stats', '--store', join(folder, 'store'), '--key', 'none'], () => {})).toBe(1)
})

test('Q4: eval, errors and retry run the functions of a module and save', async () => {
  await seed()
  await talos('set', 'rate', '0.25')
  expect((await talos('eval', 'total', '--module', module)).out).toEqual({ id: 'total', value: 125, runs: 2 })
  expect((await talos('stale')).out).toEqual([])
  expect((await talos('errors', '--module', module)).out).toEqual([])
  await talos('set', 'price', '-1')
  const out = (await talos('errors', '--module', module)).out
  expect(out).toEqual([
    { id: 'tax', error: 'Error: negative' },
    { id: 'total', error: 'Error: negative' },
  ])
  expect((await talos('retry', '--module', module)).out).toEqual({
    retried: ['tax', 'total'],
    failing: ['tax', 'total'],
  })
})

test('Q1: a tree says what is below a node once, and a deep one is cut rather than fatal', async () => {
  const store = fileStore(join(folder, 'shapes'))
  const lattice = createGraph()
  let layer = [0, 1].map((side) => lattice.input(side, { id: `0.${side}`, persist: true }))
  for (let depth = 1; depth <= 60; depth++) {
    const below = layer
    layer = [0, 1].map(
      (side) =>
        lattice.derived(() => below.reduce((sum, node) => sum + node.get(), 0) % 7, {
          id: `${depth}.${side}`,
          persist: true,
        }) as never,
    )
  }
  for (const node of layer) node.get()
  await save(lattice, store, 'lattice')
  // All paths would be 2 to the power of 60.
  const { code, out } = await talosOn(join(folder, 'shapes'), 'lattice', 'tree', '60.0')
  expect(code).toBe(0)
  expect(JSON.stringify(out).match(/"id"/g)).toHaveLength(1 + 2 * 119)
  expect(JSON.stringify(out).match(/"repeated":true/g)).toHaveLength(2 * 58)

  const chain = createGraph()
  let last: { get(): number } = chain.input(1, { id: 'c0', persist: true })
  for (let depth = 1; depth <= 5000; depth++) {
    const below = last
    last = chain.derived(() => below.get() + 1, { id: `c${depth}`, persist: true })
  }
  last.get()
  await save(chain, store, 'chain')
  const deep = await talosOn(join(folder, 'shapes'), 'chain', 'flow', 'c0')
  expect(deep.code).toBe(0)
  expect(JSON.stringify(deep.out).match(/"id"/g)).toHaveLength(501)
  expect(JSON.stringify(deep.out).match(/"cut":true/g)).toHaveLength(1)
  expect((await talosOn(join(folder, 'shapes'), 'chain', 'set', 'c0', '-2')).code).toBe(0)
  expect((await talosOn(join(folder, 'shapes'), 'chain', 'stats')).out).toMatchObject({ stale: 5000 })
  expect((await talosOn(join(folder, 'shapes'), 'chain', 'gc')).out).toEqual({ removed: 5000 })
})

test('Q3: what is printed holds nothing that a terminal obeys', async () => {
  const graph = createGraph()
  graph.input('\u001b[2J\u009b2J\u202e', { id: 'evil\u009b31m', persist: true })
  await save(graph, fileStore(join(folder, 'evil')), 'k')
  let text = ''
  expect(await main(['graph', '--store', join(folder, 'evil'), '--key', 'k'], (line) => (text = line))).toBe(0)
  expect(text).toContain('evil\\u009b31m')
  expect(
    await main(['node', 'evil\u009b31m', '--store', join(folder, 'evil'), '--key', 'k'], (line) => (text = line)),
  ).toBe(0)
  expect(text).toContain('\\u001b[2J\\u009b2J\\u202e')
  expect(text).toMatch(/^[\x20-\x7e]*$/)
})

test('Q4: eval shows any value a store can keep, retry takes one node, and secrets stay inside', async () => {
  const file = join(folder, 'mixed.mjs')
  const entry = pathToFileURL(join(import.meta.dirname, '../src/index.ts')).href
  await writeFile(
    file,
    `
    import { createGraph } from ${JSON.stringify(entry)}
    export const graph = createGraph()
    const { input, derived } = graph
    let calls = 0
    const token = input('hunter2', { id: 'token', persist: true, secret: true })
    derived(() => new Map([['n', 10n]]), { id: 'rich', persist: true })
    derived(() => ++calls, { id: 'calls', persist: true })
    derived(() => { throw new Error('refused: ' + token.get()) }, { id: 'login', persist: true })
    derived(() => { token.get(); throw new DOMException('gave up with ' + token.get(), 'AbortError') }, { id: 'slow', persist: true })
    derived(() => token.get(), { id: 'header', persist: true })
  `,
  )
  const run = (...args: string[]) => talosOn(join(folder, 'mixed'), 'k', ...args, '--module', file)
  expect((await run('eval', 'rich')).out).toMatchObject({
    value: { $talos: 'map', v: [['n', { $talos: 'bigint', v: '10' }]] },
  })
  expect((await run('eval', 'calls')).out).toMatchObject({ value: 1 })
  expect((await run('retry', 'calls')).out).toEqual({ retried: ['calls'], failing: [] })
  expect((await run('eval', 'calls')).out).toMatchObject({ value: 2 })
  expect(await run('retry', 'nobody')).toMatchObject({ code: 1, out: { error: { code: 'unknown_id' } } })
  expect(await run('eval', 'nobody')).toMatchObject({ code: 1, out: { error: { code: 'unknown_id' } } })
  expect((await run('eval', 'header')).out).toMatchObject({ value: '(secret)' })
  expect((await run('errors')).out).toEqual([
    { id: 'login', error: '(secret)' },
    { id: 'slow', error: '(secret)' },
  ])
  expect(await run('eval', 'login')).toMatchObject({ code: 1, out: { error: { message: '(secret)' } } })
  expect(await run('eval', 'slow')).toMatchObject({ code: 1, out: { error: { message: '(secret)' } } })
  expect((await run('stats')).out).toMatchObject({ inputs: 0, derived: 2 })
})

test('Q5: looking makes no store, and what is not a store is refused', async () => {
  const missing = join(folder, 'missing')
  for (const command of ['stats', 'errors', 'set'])
    expect(await talosOn(missing, 'k', command, 'a', '1', '--module', module)).toMatchObject({
      code: 1,
      out: { error: { code: 'invalid_argument', message: `There is no store at ${missing}.` } },
    })
  await writeFile(join(folder, 'text'), 'hello')
  expect(await talosOn(join(folder, 'text'), 'k', 'stats')).toMatchObject({ out: { error: { code: 'foreign_store' } } })
  expect(await readdir(folder)).not.toContain('missing')
  const { code } = await talosOn(missing, 'k', 'eval', 'total', '--module', await writeSheet('fresh.mjs'))
  expect(code).toBe(0)
  expect((await talosOn(missing, 'k', 'stats')).out).toMatchObject({ inputs: 2, derived: 2 })
})

test.runIf(process.getBuiltinModule?.('node:sqlite') === undefined)(
  'Q5: without SQLite an SQLite store is an error that says what to install',
  async () => {
    const file = join(folder, 'graph.sqlite')
    await writeFile(file, 'SQLite format 3\0')
    const { code, out } = await talosOn(file, 'k', 'stats')
    expect(code).toBe(1)
    expect(out).toMatchObject({
      error: { code: 'invalid_argument', message: expect.stringContaining('better-sqlite3') },
    })
  },
)

test('H5: an entry with a right seal around a wrong body is reported, by the library and the tools', async () => {
  const { store } = await openStore(join(folder, 'forged'), { create: true })
  const bodies = [
    '',
    'x',
    '[]',
    '["a",null,"d"]',
    '["a","","d","1",[0],null]',
    '["a","","d","1",[7],null]',
    '["a","","d","1",[[0,3]],null]',
    '["a","","d","1",{},null]',
    '["a","","d","1",null,[1,2]]',
    '[1,"","d","1",null,null]',
  ]
  for (const body of bodies) {
    await forge(store, 'g', body)
    expect((await load(createGraph(), store, 'g')).problem?.code, body).toBe('corrupt_store')
    const { code, out } = await talosOn(join(folder, 'forged'), 'g', 'stats')
    expect({ code, out }, body).toMatchObject({ code: 1, out: { error: { code: 'corrupt_store' } } })
  }
  await forge(store, 'g', `["a",null,${JSON.stringify(digest('1'))},"1",null,null]`)
  expect((await load(createGraph(), store, 'g')).problem).toBeUndefined()
})

/** Write an entry of one line as somebody could who knows the format but no secret. */
async function forge(store: Store, key: string, body: string): Promise<void> {
  const seal = createHash('sha256')
    .update(`${JSON.stringify(key)}\n${body}`)
    .digest('base64url')
  await store.write(key, Buffer.from(`${JSON.stringify(['talos-graph 1', 1, seal])}\n${body}`))
}

/** A module of its own each time: functions stay loaded, and with them what a test has set. */
async function writeSheet(name: string): Promise<string> {
  const file = join(folder, name)
  const entry = pathToFileURL(join(import.meta.dirname, '../src/index.ts')).href
  await writeFile(
    file,
    `
    import { createGraph } from ${JSON.stringify(entry)}
    export const graph = createGraph()
    const { input, derived } = graph
    const price = input(100, { id: 'price', persist: true })
    const rate = input(0.2, { id: 'rate', persist: true })
    const tax = derived(() => { if (price.get() < 0) throw new Error('negative'); return price.get() * rate.get() }, { id: 'tax', persist: true })
    derived(() => price.get() + tax.get(), { id: 'total', persist: true })
  `,
  )
  return file
}
