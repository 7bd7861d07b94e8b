/** Public corpora of hostile input, where they are: `CALIBER_SHARED`, or `../shared` beside the repository. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { transcriptChunks } from './chunks.ts'
import { detectFormat } from './detect.ts'
import type { TranscriptFormat } from './draft.ts'
import { parseTranscript } from './parse.ts'

const SHARED = process.env['CALIBER_SHARED'] ?? fileURLToPath(new URL('../../../../../../shared', import.meta.url))
const JSON_TEST_SUITE = `${SHARED}/data/security/jsontestsuite/JSONTestSuite.tar.gz`
const NAUGHTY_STRINGS = `${SHARED}/data/security/blns/blns.json`
const FORMATS: readonly TranscriptFormat[] = ['claude-code', 'openai', 'plain']

test.skipIf(!existsSync(JSON_TEST_SUITE))(
  'JSONTestSuite: no file throws, and none that must be rejected is a turn',
  async () => {
    const files = untar(gunzipSync(readFileSync(JSON_TEST_SUITE))).filter(({ name }) => name.endsWith('.json'))
    expect(files.length).toBeGreaterThan(300)

    for (const { name, bytes } of files) {
      const text = new TextDecoder().decode(bytes)
      detectFormat(text)
      for (const format of FORMATS) {
        const parsed = parseTranscript(text, { format, firstLine: 1 })
        expect(parsed.drafts, name).toEqual([])
        for await (const chunk of transcriptChunks(stream(bytes), { maxChunkChars: 1000 })) {
          parseTranscript(chunk.text, { format, firstLine: chunk.firstLine })
        }
      }
      if (!/\/y_[^/]*$/.test(name) || text.includes('\n')) continue
      const codes = parseTranscript(text, { format: 'plain', firstLine: 1 }).malformed.map(({ code }) => code)
      expect(codes, name).toEqual(['not_a_turn'])
    }
  },
)

test.skipIf(!existsSync(NAUGHTY_STRINGS))(
  'Big List of Naughty Strings: every string survives as content and as input',
  () => {
    const strings: string[] = JSON.parse(readFileSync(NAUGHTY_STRINGS, 'utf8'))
    expect(strings.length).toBeGreaterThan(400)

    for (const naughty of strings) {
      for (const format of FORMATS) expect(parseTranscript(naughty, { format, firstLine: 1 }).drafts).toEqual([])
      const blocks = [
        { type: 'text', text: naughty },
        { type: 'tool_use', id: 'i', name: 'n', input: { [naughty]: naughty } },
      ]
      const line = JSON.stringify({ type: 'assistant', uuid: 'u', message: { content: blocks } })
      const { drafts, repaired } = parseTranscript(line, { format: 'claude-code', firstLine: 1 })
      expect(repaired).toBe(0)
      expect(drafts[0]?.draft.content).toBe(naughty)
      expect(Object.entries(drafts[0]?.draft.toolCalls[0]?.input ?? {})).toEqual([[naughty, naughty]])
    }
  },
)

async function* stream(bytes: Uint8Array) {
  yield bytes
}

/** Read the regular files of a tar archive: 512-byte headers with the name first and the size in octal at 124. */
function untar(archive: Uint8Array): { name: string; bytes: Uint8Array }[] {
  const files: { name: string; bytes: Uint8Array }[] = []
  const field = (at: number, length: number) =>
    new TextDecoder().decode(archive.subarray(at, at + length)).split('\0', 1)[0] ?? ''
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(field(at + 124, 12), 8)
    const kind = field(at + 156, 1)
    if (kind === '0' || kind === '')
      files.push({ name: field(at, 100), bytes: archive.subarray(at + 512, at + 512 + size) })
    at += 512 + Math.ceil(size / 512) * 512
  }
  return files
}
