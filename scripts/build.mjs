// Compile every package and make the pre-migrated snapshot that a new embedded directory starts from.
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')
const projects = ['packages/talos', 'packages/client', 'packages/caliber', 'bench', 'evals', 'examples']

execFileSync(process.execPath, [tsc, '-b', ...projects], { cwd: root, stdio: 'inherit' })
const { buildSnapshot } = await import('../packages/caliber/dist/db/pglite/buildSnapshot.js')
await buildSnapshot(path.join(root, 'packages/caliber/snapshot'))
