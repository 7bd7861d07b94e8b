/** What `npm pack` makes installs into an empty project and works there: library, types, command line, quickstart. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { removeDirectories, temporaryDirectory } from './temporary.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const packages = ['client', 'caliber', 'talos', 'talos-inspector'] as const
type PackageName = (typeof packages)[number]

interface Packed {
  readonly file: string
  readonly sizeBytes: number
  readonly unpackedBytes: number
  readonly paths: readonly string[]
}

let directory: string
let project: string
const packed = new Map<PackageName, Packed>()

beforeAll(async () => {
  directory = await temporaryDirectory()
  project = path.join(directory, 'project')
  await mkdir(project)
  for (const name of packages) packed.set(name, await pack(name))
  const manifest = { name: 'empty-project', version: '1.0.0', private: true, type: 'module' }
  await writeFile(path.join(project, 'package.json'), JSON.stringify(manifest))
  const tarballs = packages.map((name) => contentsOf(name).file)
  await run('npm', ['install', '--ignore-scripts=false', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs])
}, 180_000)
afterAll(removeDirectories)

describe.each(packages)('the tarball of %s', (name) => {
  test('holds what runs and its types, and no sources or tests', () => {
    const { paths, sizeBytes, unpackedBytes } = contentsOf(name)
    const kib = (bytes: number) => `${Math.round(bytes / 1024)} KiB`
    process.stdout.write(`${name}: ${paths.length} files, ${kib(sizeBytes)} packed, ${kib(unpackedBytes)} unpacked\n`)
    expect(paths).toEqual(expect.arrayContaining(['package.json', 'dist/index.js', 'dist/index.d.ts']))
    expect(paths.filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))).toEqual([])
    expect(
      paths.filter((file) => /(^|\/)(src|tests?|testing|bench|examples)\/|\.(test|suite|spec|prop)\./.test(file)),
    ).toEqual([])
    expect(paths.filter((file) => /tsbuildinfo|\.env|credential\.json|node_modules|\.npmrc/.test(file))).toEqual([])
  })

  test('holds nothing compiled from a source that is gone', async () => {
    const compiled = contentsOf(name).paths.filter((file) => /^dist\/.*\.js$/.test(file))
    // A bundle has the sources that its map names, each of which must be there.
    const hasSource = (file: string) => {
      const { sources }: { sources: string[] } = JSON.parse(
        readFileSync(path.join(installed(name), `${file}.map`), 'utf8'),
      )
      const own = sources.filter((source) => !source.includes('node_modules') && /\.tsx?$/.test(source))
      const folder = path.join(root, 'packages', name, path.dirname(file))
      return own.every((source) => existsSync(path.join(folder, source)))
    }
    expect(compiled.filter((file) => !hasSource(file))).toEqual([])
  })

  test('has a README and the licence', () => {
    expect(contentsOf(name).paths).toEqual(expect.arrayContaining(['README.md', 'LICENSE']))
  })

  test('has no source map that points at a file it does not hold', async () => {
    const { paths } = contentsOf(name)
    const dangling: string[] = []
    for (const file of paths.filter((each) => each.endsWith('.map'))) {
      const map: { sources: string[]; sourcesContent?: unknown[] } = JSON.parse(
        await readFile(path.join(installed(name), file), 'utf8'),
      )
      const outside = map.sources.map((source) => path.posix.join(path.posix.dirname(file), source))
      if (!map.sourcesContent) dangling.push(...outside.filter((source) => !paths.includes(source)))
    }
    expect({ count: dangling.length, first: dangling.slice(0, 3) }).toEqual({ count: 0, first: [] })
  })

  test('has every file that its entry points at', async () => {
    const manifest = JSON.parse(await readFile(path.join(installed(name), 'package.json'), 'utf8'))
    const named = [...strings(manifest.exports), ...strings(manifest.bin)].map((file) => path.posix.normalize(file))
    expect(named.length).toBeGreaterThan(0)
    expect(contentsOf(name).paths).toEqual(expect.arrayContaining(named))
  })
})

test('the tarball of caliber brings the migrations, the prebuilt cluster and the pages', () => {
  const { paths } = contentsOf('caliber')
  expect(paths).toContain('snapshot/cluster.tar.gz')
  expect(paths).toContain('sql/schema.sql')
  expect(paths.filter((file) => /^sql\/migrations\/\d{4}_\w+\.sql$/.test(file)).length).toBeGreaterThan(5)
})

test('an ESM program imports all three by name', async () => {
  const { stdout } = await node(`
    import { CaliberError, openCaliber } from 'caliber'
    import { clientOver, connect } from '@caliber/client'
    import * as talos from '@caliber/talos'
    console.log([CaliberError, openCaliber, clientOver, connect].map((each) => typeof each).join(), Object.keys(talos).length > 0)
  `)
  expect(stdout.trim()).toBe('function,function,function,function true')
})

test('a strict TypeScript program compiles against the types, and a wrong one does not', async () => {
  const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
  const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess']
  const target = ['--module', 'nodenext', '--target', 'es2023', '--types', '']
  const compile = (file: string) => run(process.execPath, [tsc, ...strict, ...target, file])
  await writeFile(path.join(project, 'right.ts'), typedProgram)
  await compile('right.ts')
  await writeFile(path.join(project, 'wrong.ts'), typedProgram.replace("type: 'preference'", "type: 'whim'"))
  await expect(compile('wrong.ts')).rejects.toMatchObject({ stdout: expect.stringContaining('whim') })
})

test('npx caliber says its version and its commands', async () => {
  const { version } = JSON.parse(await readFile(path.join(root, 'packages/caliber/package.json'), 'utf8'))
  expect((await run('npx', ['--no-install', 'caliber', '--version'])).stdout.trim()).toBe(version)
  const { stdout } = await run('npx', ['--no-install', 'caliber', '--help'])
  for (const word of ['up', 'import', 'search', 'context', 'mcp', 'migrate', 'doctor', 'verify', 'note']) {
    expect(stdout).toMatch(new RegExp(`^ +${word}\\b`, 'm'))
  }
})

test('npx talos-inspect works where it is installed', async () => {
  const { stdout } = await run('npx', ['--no-install', 'talos-inspect', '--help'])
  expect(stdout).toContain('Usage: talos-inspect')
})

test('the quickstart of the README runs as it is printed there', async () => {
  const { stdout } = await node(await readmeQuickstart(), { CALIBER_DATA_DIR: path.join(directory, 'quickstart') })
  expect(stdout).toContain('120 requests per minute')
  expect(stdout).toContain('Short, and always with a source.')
  expect(stdout).not.toContain('Keep them short.')
})

test('npx caliber works on the memory that the program left behind', async () => {
  const dataDir = path.join(directory, 'left behind')
  await node(
    `import { openCaliber } from 'caliber'
     const memory = await openCaliber()
     await memory.note.record({ subject: 'deploy', content: 'We deploy to Stockholm.' })
     const { items } = await memory.memory.search({ query: 'stockholm' })
     if (items.length !== 1) throw new Error('not found')
     await memory.close()`,
    { CALIBER_DATA_DIR: dataDir },
  )
  const { stdout } = await run('npx', ['--no-install', 'caliber', 'search', 'deploy', '--data-dir', dataDir])
  expect(stdout).toContain('We deploy to Stockholm.')
})

const typedProgram = `
import { type AnyErrorCode, type Client, connect, type Note } from '@caliber/client'
import { type Caliber, CaliberError, type ErrorCode, openCaliber } from 'caliber'

export async function remember(): Promise<readonly string[]> {
  const memory: Caliber = await openCaliber({ dataDir: '/nowhere', tier: 'embedded' })
  const note: Note = await memory.note.record({ type: 'preference', subject: 'tabs', content: 'Two spaces.' })
  const { text, receipt } = await memory.context.assemble({ query: 'tabs', budgetTokens: 100 })
  const reasons: readonly string[] = receipt.verdicts.map(({ reason }) => reason)
  await memory.close()
  return [note.noteId, text ?? '', ...reasons]
}

export function remote(url: string): Client {
  return connect({ url, key: 'cal_x' })
}

export function codeOf(error: unknown): ErrorCode | AnyErrorCode | undefined {
  return error instanceof CaliberError ? error.code : undefined
}
`

async function pack(name: PackageName): Promise<Packed> {
  const words = ['pack', '--json', '--pack-destination', directory]
  const { stdout } = await promisify(execFile)('npm', words, { cwd: path.join(root, 'packages', name), env })
  const [made]: { filename: string; size: number; unpackedSize: number; files: { path: string }[] }[] =
    JSON.parse(stdout)
  if (!made) throw new Error(`npm pack of ${name} said nothing: ${stdout}`)
  return {
    file: path.join(directory, made.filename),
    sizeBytes: made.size,
    unpackedBytes: made.unpackedSize,
    paths: made.files.map((each) => each.path),
  }
}

function contentsOf(name: PackageName): Packed {
  const found = packed.get(name)
  if (!found) throw new Error(`${name} is not packed`)
  return found
}

function installed(name: PackageName): string {
  return path.join(project, 'node_modules', name === 'caliber' ? name : `@caliber/${name}`)
}

/** Names nothing of ours, so that the project stands on its own. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(CALIBER_|DATABASE_URL$|NODE_|VITEST|npm_)/.test(name)),
)

function run(command: string, words: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  return promisify(execFile)(command, words, { cwd: project, env: { ...env, ...environment }, timeout: 150_000 })
}

async function node(program: string, environment?: NodeJS.ProcessEnv) {
  await writeFile(path.join(project, 'program.mjs'), program)
  return run(process.execPath, ['program.mjs'], environment)
}

/** The first program under "Use it". */
async function readmeQuickstart(): Promise<string> {
  const readme = await readFile(path.join(root, 'README.md'), 'utf8')
  const [, program] = /region quickstart[^\n]*\n```ts\n([\s\S]*?)\n```/.exec(readme) ?? []
  if (program === undefined) throw new Error('README.md has no region quickstart.')
  return program
}

function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(strings) : []
}
