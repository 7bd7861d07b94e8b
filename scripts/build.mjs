// Compile every package and make the pre-migrated snapshot that a new embedded directory starts from.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
const projects = [
  'packages/talos',
  'packages/talos-inspector',
  'packages/client',
  'packages/caliber',
  'bench',
  'evals',
  'examples',
]

for (const project of projects) removeOrphans(path.join(root, project))
// `test`: the programs that tests start as processes of their own.
const { status } = spawnSync(process.execPath, [tsc, '-b', ...projects, 'test'], { cwd: root, stdio: 'inherit' })
// The compiler has said why.
if (status !== 0) process.exit(status ?? 1)
await import('../packages/talos/build.mjs')
const { buildSnapshot } = await import('../packages/caliber/dist/db/pglite/buildSnapshot.js')
await buildSnapshot(path.join(root, 'packages/caliber/snapshot'))

/** Delete what was compiled from a source that is gone: it would be packed and published. */
function removeOrphans(project) {
  const dist = path.join(project, 'dist')
  if (!existsSync(dist)) return
  for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    const [, stem] = /^(.*?)(\.d\.ts|\.js)(\.map)?$/.exec(name) ?? []
    if (stem === undefined) continue
    const sources = ['.ts', '.tsx'].map((ending) => path.join(project, 'src', `${stem}${ending}`))
    if (!sources.some((source) => existsSync(source))) rmSync(path.join(dist, name))
  }
}
