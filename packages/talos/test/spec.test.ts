import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { expect, test } from 'vitest'
import type { TalosErrorCode } from '../src/index.ts'

const root = join(import.meta.dirname, '..')

test('Z3: every rule of SPEC.md has a test whose name starts with its id', () => {
  const rules = [...readFileSync(join(root, 'SPEC.md'), 'utf8').matchAll(/\*\*([A-Z]\d+)\*\*/g)].map(([, id]) => id)
  expect(rules.length).toBeGreaterThan(60)
  expect(new Set(rules).size).toBe(rules.length)
  const tested = new Set<string>()
  for (const path of [...testFiles('test'), 'src/store/store.suite.ts'])
    for (const [, ids] of readFileSync(join(root, path), 'utf8').matchAll(
      /test(?:\.\w+\([^\n]*\))?\(\s*['"`]((?:[A-Z]\d+ ?)+):/g,
    ))
      for (const id of (ids as string).trim().split(' ')) tested.add(id)
  expect(rules.filter((id) => !tested.has(id as string))).toEqual([])
})

test('Z1: the package has no runtime dependencies and its core imports nothing of Node', async () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, unknown>
  expect(manifest['dependencies'] ?? {}).toEqual({})
  const bundle = await build({
    entryPoints: [join(root, 'src/index.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    metafile: true,
  })
  const files = Object.keys(bundle.metafile.inputs)
  expect(files.length).toBeGreaterThan(20)
  expect(files.filter((file) => file.includes('node_modules'))).toEqual([])
})

test('Z2: error codes are pinned', () => {
  // Typed both ways: a code added or renamed without this list fails to compile or to match.
  const codes: Record<TalosErrorCode, true> = {
    cycle: true,
    write_in_derived: true,
    effect_in_derived: true,
    runaway_effect: true,
    not_writable: true,
    disposed: true,
    foreign_node: true,
    duplicate_key: true,
    duplicate_id: true,
    unknown_id: true,
    invalid_argument: true,
    pinned_derived: true,
    read_only: true,
    superseded: true,
    not_serialisable: true,
    corrupt_store: true,
    foreign_store: true,
    unsafe_path: true,
    worker_failed: true,
    reserved: true,
  }
  expect(Object.keys(codes)).toHaveLength(20)
})

function testFiles(folder: string): string[] {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
}
