/** The check of docs/security/properties.json sees what it is there to see: faults are seeded, and each is named. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

interface Entry {
  readonly id: string
  readonly property: string
  readonly tests?: readonly { readonly file: string; readonly name: string }[]
  readonly open?: string
  readonly moot?: string
  readonly same?: readonly string[]
}

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(path.join(os.tmpdir(), 'caliber-traceability-'))
const properties = readFileSync(path.join(root, 'docs/security/properties.json'), 'utf8')
const [a, b, c, d, e, ...others] = JSON.parse(properties) as [Entry, Entry, Entry, Entry, Entry, ...Entry[]]
afterAll(() => rmSync(folder, { recursive: true }))

test('the list as it stands passes', () => {
  expect(check([a, b, c, d, e, ...others])).toEqual({ status: 0, faults: [] })
})

test('each seeded fault is named: of ids, of forms, of tests that are not there, commented out or skipped', () => {
  const made = path.join(folder, 'made.test.ts')
  writeFileSync(made, "// test('in a comment', () => {})\ntest.skip('skipped', () => {})\ntest('there', () => {})\n")
  const madeFile = path.relative(root, made)
  const tests = [
    { file: 'test/layers.test.ts', name: 'pigs fly' },
    { file: 'test/pigs.test.ts', name: 'pigs fly' },
    ...['in a comment', 'skipped', 'there'].map((name) => ({ file: madeFile, name })),
  ]
  const faulty: readonly Entry[] = [
    { ...a, id: 'S-0' },
    b,
    b,
    { id: c.id, property: c.property },
    { ...d, open: 'no', moot: 'no' },
    { ...e, tests },
    ...others,
  ]

  expect(check(faulty)).toEqual({
    status: 1,
    faults: [
      `${a.id} has no entry`,
      'S-0 is no property of the list in scripts/traceability.mjs',
      `${b.id} has two entries`,
      `${c.id} needs tests or open, or moot, or same, and one of the three only`,
      `${d.id} needs tests or open, or moot, or same, and one of the three only`,
      `${e.id}: there is no test "pigs fly" in test/layers.test.ts`,
      `${e.id}: there is no test "pigs fly" in test/pigs.test.ts`,
      `${e.id}: there is no test "in a comment" in ${madeFile}`,
      `${e.id}: there is no test "skipped" in ${madeFile}`,
    ],
  })
})

test('a table that is not of this list is stale', () => {
  expect(check([{ ...a, property: 'Pigs fly.' }, b, c, d, e, ...others])).toMatchObject({
    status: 1,
    faults: [expect.stringContaining('stale')],
  })
})

function check(entries: readonly Entry[]): { status: number | null; faults: readonly string[] } {
  const file = path.join(folder, 'properties.json')
  writeFileSync(file, JSON.stringify(entries))
  const words = ['scripts/traceability.mjs', '--check', '--properties', file]
  const { status, stderr } = spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8' })
  return { status, faults: stderr.split('\n').filter((line) => line !== '') }
}
