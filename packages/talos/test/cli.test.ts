import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { main } from '../src/cli/main.ts'
import { createGraph } from '../src/index.ts'
import { fileStore, load, save } from '../src/persist.ts'

let folder = ''
let module = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'talos-cli-'))
  module = join(folder, 'sheet.mjs')
  const entry = pathToFileURL(join(import.meta.dirname, '../src/index.ts')).href
  await writeFile(
    module,
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
})

afterAll(() => rm(folder, { recursive: true, force: true }))

async function talos(...args: string[]): Promise<{ code: number; out: unknown }> {
  let out: unknown
  const code = await main([...args, '--store', join(folder, 'store'), '--key', 'sheet'], (text) => {
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
