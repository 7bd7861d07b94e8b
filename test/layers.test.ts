/** Arrows between the floors of packages/caliber never run upward (ARCHITECTURE.md). Fails when it saw too little. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const src = fileURLToPath(new URL('../packages/caliber/src', import.meta.url))

/** Floor of each folder; a file may import from its own folder and from lower floors. */
const floors: Readonly<Record<string, number>> = {
  domain: 1,
  generated: 1,
  db: 2,
  models: 2,
  derive: 3,
  auth: 3,
  operations: 4,
  'surfaces/http': 5,
  'surfaces/mcp': 5.5, // MCP over HTTP is a plugin of the HTTP app
  local: 6,
  'surfaces/cli': 7,
  '.': 7,
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
const shipped = files.filter((name) => !/\.(test|suite)\.ts$|testing\//.test(name))
const edges = shipped.flatMap((file) => importsOf(file).map((target) => ({ file, target })))

test('imports point to the same folder or to a lower floor', () => {
  const upward = edges.filter(({ file, target }) => {
    const [from, to] = [folderOf(file), folderOf(target)]
    return from !== to && (floors[from] ?? 0) <= (floors[to] ?? 99) && !isTypeOnly(file, target)
  })
  console.log(`layers: ${shipped.length} files, ${edges.length} edges`)
  expect(upward).toEqual([])
})

test('the check saw the whole tree', () => {
  expect(shipped.length).toBeGreaterThan(100)
  expect(edges.length).toBeGreaterThan(300)
  expect(new Set(shipped.map(folderOf))).toEqual(new Set(Object.keys(floors)))
})

test('the small packages import only what they are allowed to', () => {
  const allowed: Readonly<Record<string, RegExp>> = {
    client: /^\./,
    talos: /^(\.|node:)/,
    'talos-inspector': /^(\.|node:util$|@caliber\/talos\/stored$|ink$|react$)/,
  }
  for (const [name, allows] of Object.entries(allowed)) {
    const imports = bareImportsOf(path.join(src, '../..', name, 'src'))
    console.log(`layers: ${imports.length} imports of ${name}`)
    expect(imports.length, name).toBeGreaterThan(name === 'client' ? 0 : 20)
    expect(imports.filter(({ specifier }) => !allows.test(specifier))).toEqual([])
  }
})

function bareImportsOf(folder: string): { file: string; specifier: string }[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !/\.(test|suite)\./.test(name))
    .flatMap((file) =>
      [...readFileSync(path.join(folder, file), 'utf8').matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(
        ([, specifier]) => ({ file, specifier: specifier ?? '' }),
      ),
    )
}

function importsOf(file: string): string[] {
  const text = readFileSync(path.join(src, file), 'utf8')
  const specifiers = [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, specifier]) => specifier ?? '')
  return specifiers
    .map((specifier) => path.join(path.dirname(file), specifier))
    .filter((target) => !target.startsWith('..'))
}

/** A type is erased: two folders may know each other's shapes where the arrow of the code points down. */
function isTypeOnly(file: string, target: string): boolean {
  const name = path.basename(target).replaceAll('.', '\\.')
  const text = readFileSync(path.join(src, file), 'utf8')
  const statements = text.match(new RegExp(`^(?:import|export)[^;]*?'[^']*/${name}'`, 'gms')) ?? []
  return statements.length > 0 && statements.every((statement) => /^(import|export) type /.test(statement))
}

function folderOf(file: string): string {
  const [first, second] = file.split(path.sep)
  if (second === undefined) return '.'
  return first === 'surfaces' ? `surfaces/${second}` : (first ?? '.')
}
