/** Running one of the Postgres programs. */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { CaliberError } from '../../domain/errors.ts'
import type { Account } from './account.ts'

/** Run a program to its end. @throws CaliberError `unavailable` with what it said as the cause */
export function runProgram(
  program: string,
  args: readonly string[],
  cwd: string,
  account: Account | null,
  input = '',
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: environment(), stdio: ['pipe', 'ignore', 'pipe'], ...account })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000)
    })
    const fail = (cause: Error) => {
      const full = /No space left/.test(said)
      const message = `${path.basename(program)} of the bundled Postgres failed.`
      reject(new CaliberError(full ? 'storage_full' : 'unavailable', message, {}, cause))
    }
    child.once('error', fail)
    child.once('close', (code) => (code === 0 ? resolve() : fail(new Error(said))))
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}

/** No variable of ours reaches the server: PGDATA and the like would change what it does, others are not its business. */
export function environment(): NodeJS.ProcessEnv {
  const { PATH, SystemRoot, TMPDIR } = process.env
  return { LC_ALL: 'C', TZ: 'UTC', ...(PATH && { PATH }), ...(SystemRoot && { SystemRoot }), ...(TMPDIR && { TMPDIR }) }
}
