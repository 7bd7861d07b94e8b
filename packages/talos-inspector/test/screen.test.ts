import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createGraph } from '@caliber/talos'
import { fileStore, save } from '@caliber/talos/persist'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { main as talos } from '../../talos/src/cli/main.ts'
import { main } from '../src/main.ts'
import { KEYS, openPaper } from './paper.ts'
import { makeSheet, type Sheet } from './sheet.ts'

const talosEntry = join(import.meta.dirname, '../../talos/src/index.ts')
const sheets: Sheet[] = []
let sheet: Sheet

beforeAll(async () => {
  sheet = await fresh()
})
afterAll(async () => {
  for (const each of sheets) await each[Symbol.asyncDispose]()
})

test('the list shows every node with its state, kind and value, and opens on the first', async () => {
  await using paper = await openPaper(placeOf(sheet))
  const lines = paper.frame.split('\n')
  expect(lines[0]).toMatch(/^sheet {2}nodes {2}1\/5 {2}5 nodes, 0 stale, 0 failing/)
  expect(lines[1]).toMatch(/^❯ input +input +price +100$/)
  expect(paper.frame).toMatch(/ fresh +derived +total +120\n/)
  expect(paper.frame).not.toContain('hunter2')
})

test('arrows, j and k, also several in one piece of input, move the cursor and stop at the ends', async () => {
  await using paper = await openPaper(placeOf(sheet))
  expect(await paper.type([KEYS.down, 'jj'], '4/5')).toMatch(/❯ .* tax/)
  await paper.type(['k'], '3/5')
  await paper.type([KEYS.up, KEYS.up, KEYS.up, KEYS.up], '1/5')
  expect(await paper.type(['G', 'j'], '5/5')).toMatch(/❯ .* total/)
})

test('enter shows a node with what it read and what read it, goes on from there, and backspace comes back', async () => {
  await using paper = await openPaper(placeOf(sheet))
  const tax = await paper.type(['/tax', KEYS.enter, KEYS.enter], 'served')
  expect(tax).toMatch(/served: what it read is unchanged\n {2}20\n❯ fresh +derived tax/)
  expect(tax).toMatch(/ input +input +← price/)
  expect(tax).toMatch(/ fresh +derived → total/)
  expect(await paper.type(['G', KEYS.enter], /❯ fresh +derived total/)).toContain('← tax')
  expect(await paper.type([KEYS.backspace], '→ total')).toMatch(/❯ fresh +derived → total/)
  expect(await paper.type([KEYS.backspace], '/tax')).toMatch(/1\/1/)
  await paper.type([KEYS.backspace], '5 nodes, 0 stale')
})

test('t and f show what a node depends on and what depends on it', async () => {
  await using paper = await openPaper(placeOf(sheet))
  const tree = await paper.type(['/total', KEYS.enter, 't'], 'what it depends on')
  expect(tree).toMatch(/total .*\n.* {3}price .*\n.* {3}tax .*\n.* {5}price .*\n.* {5}rate /)
  const flow = await paper.type([KEYS.backspace, '/', KEYS.clear, 'rate', KEYS.enter, 'f'], 'what depends on it')
  expect(flow).toMatch(/rate .*\n.* {3}tax .*\n.* {5}total /)
})

test('the filter follows the typing, by name and by state, and escape takes it away', async () => {
  await using paper = await openPaper(placeOf(sheet))
  expect(await paper.type(['/', 't', 'a'], '1/2')).toMatch(/tax[^]*total/)
  await paper.type([KEYS.backspace, KEYS.backspace, 'is:input'], '1/3')
  await paper.type([' zzz'], 'Nothing here called is:input zzz.')
  await paper.type([KEYS.escape], '1/5')
})

test('s saves JSON only, and what read the old value is shown as stale with the reason', async () => {
  const own = await fresh()
  await using paper = await openPaper(placeOf(own))
  expect(await paper.type(['js'], 'rate = 0.2')).toContain('rate = 0.2')
  await paper.type(['+1', KEYS.enter], '! That is not JSON')
  const set = await paper.type([KEYS.backspace, KEYS.backspace, '5', KEYS.enter], 'Set rate; 2 values are stale.')
  expect(set).toMatch(/ stale +derived +tax/)
  expect(await paper.type(['/tax', KEYS.enter, KEYS.enter], 'computed again')).toContain('rate differs')
  await paper.type(['s'], '! tax cannot be set')
  const printed: string[] = []
  await talos(['node', 'rate', ...own.words], (text) => printed.push(text))
  expect(JSON.parse(printed[0] ?? '')).toMatchObject({ value: 0.25 })
})

test('with its module, c computes again, e finds what fails, and secrets stay secret', async () => {
  const own = await fresh()
  await using paper = await openPaper(placeOf(own, true))
  expect(paper.frame).toMatch(/ unsaved +token +\(secret\)/)
  await paper.type(['s', KEYS.backspace, KEYS.backspace, KEYS.backspace, '-5', KEYS.enter], 'Set price; 2')
  const found = await paper.type(['e'], '3 fail')
  expect(found).toMatch(/ error +derived +tax/)
  expect(await paper.type(['/tax', KEYS.enter, KEYS.enter], 'fails:')).toContain('fails: Error: negative price')
  await paper.type(['c'], 'tax fails: Error: negative price')
  expect(await paper.type([KEYS.backspace, '/', KEYS.clear, 'login', KEYS.enter, KEYS.enter], 'fails:')).toContain(
    'fails: (secret)',
  )
  await paper.type([KEYS.backspace, KEYS.backspace, 'gs', KEYS.clear, '200', KEYS.enter], 'Set price')
  const computed = await paper.type(['/tax', KEYS.enter, 'c', KEYS.enter], 'ms of its own')
  expect(computed).toMatch(/❯ fresh +derived tax +\d+\.\d ms +40/)
  expect(paper.raw).not.toContain('hunter2')
})

test('without a module, c and e say that they need one', async () => {
  await using paper = await openPaper(placeOf(sheet))
  await paper.type(['c'], '! This runs functions, so it needs --module.')
  await paper.type(['j', 'e'], '! This runs functions, so it needs --module.')
})

test('r shows what others saved, and a store gone bad leaves the screen with the reason', async () => {
  const own = await fresh()
  await using paper = await openPaper(placeOf(own))
  await talos(['set', 'price', '7', ...own.words], () => {})
  expect(await paper.type(['r'], 'Read again.')).toMatch(/❯ input +input +price +7\n/)
  await fileStore(join(own.folder, 'store')).write('sheet', Buffer.from('garbage'))
  expect(await paper.type(['r'], '! The store entry is not a graph')).toMatch(/ stale +derived +tax/)
})

test('thousands of nodes: only what fits is drawn, and the cursor stays on the screen', async () => {
  const own = await fresh()
  const graph = createGraph()
  for (let n = 0; n < 20_000; n++) graph.input(n, { id: `n${n}`, persist: true })
  await save(graph, fileStore(join(own.folder, 'store')), 'many')
  await using paper = await openPaper({ ...placeOf(own), key: 'many' }, { rows: 12 })
  expect(paper.frame.trimEnd().split('\n')).toHaveLength(11)
  expect(await paper.type(['G'], '20000/20000')).toMatch(/❯ .*n19999/)
  expect(await paper.type(['g', KEYS.pageDown, KEYS.pageDown], '19/20000')).toMatch(/❯ .*n18 /)
  expect(await paper.type(['/n1999', KEYS.enter, 'j'], '2/11')).toMatch(/❯ .*n19990 /)
})

test('narrow and low terminals lose columns before names, also while it runs', async () => {
  await using paper = await openPaper(placeOf(sheet), { columns: 30, rows: 6 })
  expect(paper.frame).toMatch(/❯ input +price *\n/)
  expect(paper.frame.split('\n').every((line) => line.length <= 30)).toBe(true)
  expect(await paper.resize(80, 10, '120')).toMatch(/ fresh +derived +total +120/)
  await paper.resize(8, 2, /❯ input/)
})

test('what a store holds cannot command the terminal', async () => {
  await using paper = await openPaper(placeOf(sheet))
  const note = await paper.type(['/note', KEYS.enter, KEYS.enter], '"text"')
  expect(note).toContain(String.raw`evil \u001b[2J\u{9b}2J`)
  expect(paper.raw).not.toContain('\u009b')
})

test('NO_COLOR takes the colours away and leaves what they say', async () => {
  await using plain = await openPaper(placeOf(sheet), { env: { NO_COLOR: '1' } })
  const colour = '\u001b[3'
  expect(plain.raw).not.toContain(colour)
  expect(plain.frame).toMatch(/fresh +derived/)
  await using coloured = await openPaper(placeOf(sheet))
  expect(coloured.raw).toContain(colour)
})

test('? shows the keys, any key returns, and q quits', async () => {
  await using paper = await openPaper(placeOf(sheet))
  expect(await paper.type(['?'], 'filter by name')).toContain('quit')
  await paper.type(['x'], '5 nodes')
  await paper.type(['q'], '')
  await paper.done
})

test('a bad store, key or command line is an error on stderr and exit code 1', async () => {
  const bad: [string[], string][] = [
    [[], '--store and --key are required'],
    [['--store', join(sheet.folder, 'nowhere'), '--key', 'k'], 'There is no store'],
    [['--store', join(sheet.folder, 'store'), '--key', 'other'], 'Nothing is stored under the key other'],
    [['--store', join(sheet.folder, 'text'), '--key', 'k'], 'is not a store'],
    [[...sheet.words, '--secret-env', 'TALOS_NO_SUCH_VARIABLE'], 'is not set'],
    [[...sheet.words, '--module', join(sheet.folder, 'none.mjs')], 'Cannot find module'],
    [[...sheet.words, '--fly'], "Unknown option '--fly'"],
    [[...sheet.words], 'needs a terminal'],
  ]
  await writeFile(join(sheet.folder, 'text'), 'hello')
  for (const [words, says] of bad) {
    const told: string[] = []
    const stream = { isTTY: false, write: (text: string) => told.push(text) } as never
    expect(await main(words, { stdin: stream, stdout: stream, stderr: stream, env: {} }), says).toBe(1)
    expect(told.join('')).toContain(says)
  }
})

async function fresh(): Promise<Sheet> {
  const made = await makeSheet(talosEntry)
  sheets.push(made)
  return made
}

function placeOf(of: Sheet, live = false): { store: string; key: string; module?: string } {
  const [, store = '', , key = '', , module = ''] = of.live
  return live ? { store, key, module } : { store, key }
}
