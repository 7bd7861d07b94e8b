/**
 * Public corpora of hostile input, where they are: `CALIBER_SHARED`, or `../shared` beside the repository. Tests that need
 * them are skipped elsewhere. Every string in them is data and nothing else.
 */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

interface CorpusFile {
  /** Without its folder. */
  readonly name: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

const shared = process.env['CALIBER_SHARED'] ?? fileURLToPath(new URL('../../../shared', import.meta.url))
const folder = `${shared}/data/security`

export const hasSecurityData = existsSync(folder)

/** The files of JSONTestSuite that say what a parser must do: `y_` accept, `n_` reject, `i_` either. */
export function jsonTestSuite(): readonly CorpusFile[] {
  const files = archived('jsontestsuite/JSONTestSuite.tar.gz').filter(({ name }) => /^[yni]_.*\.json$/.test(name))
  if (files.length !== 318) throw new Error(`JSONTestSuite has 318 cases, not ${files.length}.`)
  return files
}

/** The Big List of Naughty Strings. */
export function naughtyStrings(): readonly string[] {
  const strings: readonly string[] = JSON.parse(readFileSync(`${folder}/blns/blns.json`, 'utf8'))
  if (strings.length < 400) throw new Error(`The Big List of Naughty Strings has more than ${strings.length} strings.`)
  return strings
}

/** The payloads of fuzzdb, one a line; those that are no UTF-8 with U+FFFD in place of what is not. */
export function attackStrings(): readonly string[] {
  const files = archived('fuzzdb/fuzzdb-attack-subset.tar.gz').filter(
    ({ name }) => name.endsWith('.txt') && !name.startsWith('_'),
  )
  const lines = files.flatMap(({ bytes }) => new TextDecoder().decode(bytes).split('\n'))
  const strings = [...new Set(lines.map((line) => line.replace(/\r$/, '')))].filter((line) => line !== '')
  if (strings.length < 2_000) throw new Error(`fuzzdb has more than ${strings.length} payloads.`)
  return strings
}

/** The regular files of a tar archive: headers of 512 octets with the name first and the size in octal at 124. */
function archived(file: string): CorpusFile[] {
  const archive = gunzipSync(readFileSync(`${folder}/${file}`))
  const field = (at: number, length: number) => archive.toString('utf8', at, at + length).split('\0', 1)[0] ?? ''
  const files: CorpusFile[] = []
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const sizeBytes = Number.parseInt(field(at + 124, 12), 8)
    const kind = field(at + 156, 1)
    const name = field(at, 100).replace(/^.*\//, '')
    if (kind === '0' || kind === '')
      files.push({ name, bytes: new Uint8Array(archive.subarray(at + 512, at + 512 + sizeBytes)) })
    at += 512 + Math.ceil(sizeBytes / 512) * 512
  }
  return files
}
