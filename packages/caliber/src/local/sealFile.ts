/**
 * Seals in a file of the data directory, one line each, signed with a key that the database never sees (Ed25519,
 * RFC 8032). Each line signs the hash of the line before, so none can be taken out, altered or put in between.
 *
 * Copy the file elsewhere, or let `CALIBER_SEAL_FILE` name one on a medium that only grows: a seal proves what the log
 * was to whoever still has it.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import path from 'node:path'
import { replaceFile, syncPath } from '../db/directory/durable.ts'
import type { Seal, SealedLog, Seals } from '../domain/seal.ts'

const sealFile = 'seals.jsonl'
const sealKeyFile = 'seal.key'

interface Line extends Seal {
  /** SHA-256 of the line before, hex; of nothing for the first. */
  readonly before: string
  /** base64url. */
  readonly signature: string
}

/** @param directory the data directory: the key lies in it, and the file unless the environment names another */
export async function openSealFile(directory: string): Promise<Seals> {
  const file = process.env['CALIBER_SEAL_FILE'] ?? path.join(directory, sealFile)
  const privateKey = await ensureKey(path.join(directory, sealKeyFile))
  const publicKey = createPublicKey(privateKey)
  let writing: Promise<void> = Promise.resolve()

  return {
    async of(tenantId, before) {
      const { seals, faults } = check(await readFile(file, 'utf8').catch(() => ''), publicKey)
      return { seals: seals.filter((seal) => seal.tenantId === tenantId && seal.at < before), faults }
    },
    append(seals) {
      const written = writing.then(() => appendLines(file, privateKey, seals))
      writing = written.catch(() => undefined)
      return written
    },
  }
}

async function ensureKey(file: string): Promise<KeyObject> {
  const stored = await readFile(file, 'utf8').catch(() => undefined)
  if (stored !== undefined) return createPrivateKey(stored)
  const { privateKey } = generateKeyPairSync('ed25519')
  await replaceFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  return privateKey
}

async function appendLines(file: string, key: KeyObject, seals: readonly Seal[]): Promise<void> {
  const handle = await open(file, 'a+', 0o600)
  try {
    const { size } = await handle.stat()
    let before = digestOf(await lastLine(handle, size))
    let text = ''
    for (const seal of seals) {
      const signature = sign(null, signedOctets({ ...seal, before }), key).toString('base64url')
      const line = JSON.stringify({ ...seal, before, signature } satisfies Line)
      before = digestOf(line)
      text += `${line}\n`
    }
    await handle.appendFile(text)
    await handle.sync()
    // A new file has a name that is not safe yet.
    if (size === 0) await syncPath(path.dirname(file))
  } finally {
    await handle.close()
  }
}

const longestLineBytes = 4_096

/** The last line that was kept. Whatever stands behind it is taken away. */
async function lastLine(handle: Awaited<ReturnType<typeof open>>, size: number): Promise<string> {
  const tail = Buffer.alloc(Math.min(size, 2 * longestLineBytes))
  await handle.read(tail, 0, tail.length, size - tail.length)
  const lines = linesOf(tail.toString('latin1'))
  const kept = withoutTorn(lines)
  const torn = lines.slice(kept.length).join('')
  if (torn.length > 0) await handle.truncate(size - torn.length)
  return kept.at(-1)?.slice(0, -1) ?? ''
}

/**
 * A seal at the end that cannot be read was torn by a power cut and never kept; disks may keep the end of a write and
 * not its beginning. Somebody who makes one unreadable wins no more than by taking it away.
 */
function withoutTorn(lines: readonly string[]): readonly string[] {
  return lines.slice(0, lines.findLastIndex((line) => line.endsWith('\n') && parseLine(line) !== undefined) + 1)
}

/** Lines with their ends; the last one may have none. */
function linesOf(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

function check(text: string, key: KeyObject): SealedLog {
  const seals: Seal[] = []
  const faults: string[] = []
  let before = digestOf('')
  for (const [i, whole] of withoutTorn(linesOf(text)).entries()) {
    const line = whole.slice(0, -1)
    const parsed = parseLine(line)
    if (!parsed || parsed.before !== before) faults.push(`line ${i + 1} does not follow the one before it`)
    else if (!verify(null, signedOctets(parsed), key, Buffer.from(parsed.signature, 'base64url'))) {
      faults.push(`line ${i + 1} has a signature that is not ours`)
    } else seals.push(parsed)
    before = digestOf(line)
  }
  return { seals, faults }
}

function parseLine(line: string): Line | undefined {
  try {
    const { tenantId, seq, hash, at, before, signature } = JSON.parse(line) as Line
    return [tenantId, hash, at, before, signature].every((field) => typeof field === 'string') &&
      Number.isSafeInteger(seq)
      ? { tenantId, seq, hash, at, before, signature }
      : undefined
  } catch {
    return undefined
  }
}

/** Fields with their lengths before them, so that no two seals have the same octets. */
function signedOctets({ tenantId, seq, hash, at, before }: Omit<Line, 'signature'>): Buffer {
  const fields = ['caliber seal 1', tenantId, String(seq), hash, at, before]
  return Buffer.from(fields.map((field) => `${Buffer.byteLength(field)}:${field}`).join(''))
}

function digestOf(line: string): string {
  return createHash('sha256').update(line).digest('hex')
}
