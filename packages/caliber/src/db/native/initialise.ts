/** A new cluster and its two roles that can log in. */
import { randomBytes } from 'node:crypto'
import fs from 'node:fs/promises'
import path from 'node:path'
import { replaceFile, syncPath } from '../directory/durable.ts'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { runProgram } from './program.ts'

/** Passwords of `caliber_admin` and `caliber_login`. */
export interface Secrets {
  readonly admin: string
  readonly login: string
}

/** Read the passwords, or make them. They are hexadecimal, so they need no quoting in SQL or a URL. */
export async function readSecrets(directory: string): Promise<Secrets> {
  const file = path.join(directory, 'secrets.json')
  try {
    return JSON.parse(await fs.readFile(file, 'utf8')) as Secrets
  } catch {
    const secrets: Secrets = { admin: randomBytes(24).toString('hex'), login: randomBytes(24).toString('hex') }
    await replaceFile(file, JSON.stringify(secrets))
    return secrets
  }
}

/**
 * Make the cluster unless it is there.
 *
 * It is made under another name and renamed, so a crash leaves no half-made cluster behind. initdb syncs what it writes.
 */
export async function ensureCluster(
  { initdb, postgres }: Binaries,
  directory: string,
  clusterDir: string,
  secrets: Secrets,
  account: Account | null,
): Promise<void> {
  const unfinished = `${clusterDir}.unfinished`
  await fs.rm(unfinished, { recursive: true, force: true })
  if (await exists(path.join(clusterDir, 'PG_VERSION'))) return
  const passwordFile = path.join(directory, 'password.new')
  await fs.rm(passwordFile, { force: true })
  await fs.writeFile(passwordFile, secrets.admin, { mode: 0o600 })
  if (account) await fs.chown(passwordFile, account.uid, account.gid)
  try {
    await runProgram(
      initdb,
      [
        `--pgdata=${unfinished}`,
        '--username=caliber_admin',
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C.UTF-8',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--data-checksums',
      ],
      directory,
      account,
    )
  } finally {
    await fs.rm(passwordFile, { force: true })
  }
  const login = `create role caliber_login login nosuperuser nobypassrls nocreatedb nocreaterole password '${secrets.login}'`
  await runProgram(postgres, ['--single', '-D', unfinished, 'postgres'], directory, account, `${login}\n`)
  await fs.rename(unfinished, clusterDir)
  await syncPath(directory)
}

async function exists(place: string): Promise<boolean> {
  return fs.access(place).then(
    () => true,
    () => false,
  )
}
