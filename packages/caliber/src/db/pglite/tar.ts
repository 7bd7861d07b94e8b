/** Reading the plain ustar archives that PGlite dumps. Not a general tar: no links, no long-name extensions. */

export interface TarEntry {
  /** Path inside the archive without a leading slash. */
  readonly name: string
  readonly kind: 'file' | 'directory'
  readonly data: Uint8Array
}

const BLOCK = 512

/**
 * List what an archive holds, without copying the contents.
 *
 * @throws Error when the archive is cut short or damaged, or a name would leave the target directory
 */
export function* readTar(archive: Uint8Array): Generator<TarEntry> {
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const header = archive.subarray(at, at + BLOCK)
    at += BLOCK
    // Blocks of zeros end an archive.
    if (header[0] === 0) continue
    const sizeBytes = sizeOf(header)
    if (at + sizeBytes > archive.length) throw new Error('The archive ends in the middle of a file.')
    const prefix = field(header, 345, 155)
    const name = `${prefix === '' ? '' : `${prefix}/`}${field(header, 0, 100)}`.replace(/^\/+|\/+$/g, '')
    if (name.split('/').includes('..')) throw new Error('The archive holds a name outside of its directory.')
    const type = field(header, 156, 1)
    if (type === '5') yield { name, kind: 'directory', data: new Uint8Array() }
    else if (type === '0' || type === '') yield { name, kind: 'file', data: archive.subarray(at, at + sizeBytes) }
    else throw new Error(`The archive holds an entry of the unknown type ${type}.`)
    at += Math.ceil(sizeBytes / BLOCK) * BLOCK
  }
}

/** A size below zero would lead back to a header that was read already, for ever. */
function sizeOf(header: Uint8Array): number {
  const digits = field(header, 124, 12)
  if (!/^[0-7]*$/.test(digits)) throw new Error('The archive holds an entry without a readable size.')
  return Number.parseInt(digits, 8) || 0
}

function field(header: Uint8Array, start: number, length: number): string {
  const octets = header.subarray(start, start + length)
  const end = octets.indexOf(0)
  return new TextDecoder().decode(end < 0 ? octets : octets.subarray(0, end)).trim()
}
