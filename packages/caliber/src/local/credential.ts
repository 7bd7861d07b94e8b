/**
 * Who a process on this machine is: one tenant, one principal and one key, made on first use and kept in the data
 * directory, readable by its owner alone. Whoever can read the file may use the memory; nobody else can.
 */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { replaceFile } from '../db/directory/durable.ts'
import { readKey, writeKey } from '../domain/apiKey.ts'
import { CaliberError } from '../domain/errors.ts'
import { type Principal, rights } from '../domain/principal.ts'
import type { NewTenant } from '../operations/tenant/bootstrap.ts'

/** Name of the file in the data directory. */
const credentialFile = 'credential.json'

export interface Credential {
  readonly principal: Principal
  readonly key: string
  readonly tenant: NewTenant
}

/** Read the credential of a data directory. @returns undefined where there is none yet */
export async function readCredential(directory: string): Promise<Credential | undefined> {
  let text: string
  try {
    text = await readFile(path.join(directory, credentialFile), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw damaged(error)
  }
  return parseCredential(text)
}

/** Read the text of a credential file. @throws CaliberError `integrity` when it is none */
export function parseCredential(text: string): Credential {
  let stored: unknown
  try {
    stored = JSON.parse(text)
  } catch (error) {
    throw damaged(error)
  }
  if (!isStored(stored)) throw damaged()
  const parts = readKey(stored.key)
  if (!parts) throw damaged()
  const { tenantId } = parts
  return {
    principal: { tenantId, principalId: stored.principalId, rights },
    key: stored.key,
    tenant: { ...parts, principalId: stored.principalId, name: 'local', rights },
  }
}

/** Read the credential, or make one. Only the directory's owner may call this. */
export async function ensureCredential(directory: string): Promise<Credential> {
  const known = await readCredential(directory)
  if (known) return known
  const { key, principalId } = await newCredential()
  await replaceFile(path.join(directory, credentialFile), `${JSON.stringify({ principalId, key }, null, 2)}\n`)
  const made = await readCredential(directory)
  if (!made) throw damaged()
  return made
}

/** Make a tenant's ids and its first key. Nothing is stored. */
export async function newCredential(): Promise<{ key: string; principalId: string }> {
  // Loaded where it is needed: every attached command reads a credential, hardly any makes one.
  const { v7 } = await import('uuid')
  const secret = randomBytes(32).toString('base64url')
  return { key: writeKey({ tenantId: v7(), keyId: v7(), secret }), principalId: v7() }
}

function isStored(value: unknown): value is { principalId: string; key: string } {
  if (typeof value !== 'object' || value === null) return false
  if (!('principalId' in value) || !('key' in value)) return false
  return typeof value.principalId === 'string' && uuid.test(value.principalId) && typeof value.key === 'string'
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function damaged(cause?: unknown): CaliberError {
  return new CaliberError(
    'integrity',
    `The file ${credentialFile} of the data directory cannot be read. Restore it from a backup: it opens the memory.`,
    {},
    cause,
  )
}
