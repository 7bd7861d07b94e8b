/**
 * The key that this directory's server signs claims with: made on first use, kept beside the credential, readable by
 * its owner alone. `CALIBER_CLAIM_KEY` names one instead, where the role that serves may not install a key of its own.
 */
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { type ClaimKey, claimKeyBytes, claimKeyOf, newClaimKey } from '../db/claimKey.ts'
import { replaceFile } from '../db/directory/durable.ts'
import { CaliberError } from '../domain/errors.ts'

const claimKeyFile = 'claim.key'

/** @throws CaliberError `invalid_input` for a key of another form in the environment, `integrity` in the file */
export async function ensureClaimKey(directory: string): Promise<ClaimKey> {
  const named = process.env['CALIBER_CLAIM_KEY']
  if (named !== undefined) return claimKeyIn(named)
  const file = path.join(directory, claimKeyFile)
  const stored = await readFile(file, 'utf8').catch(() => undefined)
  if (stored !== undefined)
    return parseKey(stored) ?? fail('integrity', `The file ${claimKeyFile} is damaged. Delete it: another is made.`)
  const key = newClaimKey()
  await replaceFile(file, `${Buffer.from(key.octets).toString('base64url')}\n`)
  return key
}

/** Read a key as the environment or `caliber migrate` takes it. @throws CaliberError `invalid_input` */
export function claimKeyIn(text: string): ClaimKey {
  const form = `CALIBER_CLAIM_KEY is ${claimKeyBytes} random octets as base64url, such as: openssl rand -base64 32 | tr '+/' '-_' | tr -d =`
  return parseKey(text) ?? fail('invalid_input', form)
}

function parseKey(text: string): ClaimKey | undefined {
  const octets = /^[A-Za-z0-9_-]+$/.test(text.trim()) ? Buffer.from(text.trim(), 'base64url') : Buffer.alloc(0)
  return octets.length === claimKeyBytes ? claimKeyOf(octets) : undefined
}

function fail(code: 'invalid_input' | 'integrity', message: string): never {
  throw new CaliberError(code, message)
}
