/** The transcript readers against public corpora of hostile input. */
import { expect, test } from 'vitest'
import { transcriptChunks } from '../../packages/caliber/src/domain/transcript/chunks.ts'
import { detectFormat } from '../../packages/caliber/src/domain/transcript/detect.ts'
import type { TranscriptFormat } from '../../packages/caliber/src/domain/transcript/draft.ts'
import { parseTranscript } from '../../packages/caliber/src/domain/transcript/parse.ts'
import { hasSecurityData, jsonTestSuite, naughtyStrings } from './securityData.ts'

const FORMATS: readonly TranscriptFormat[] = ['claude-code', 'openai', 'plain']

test.skipIf(!hasSecurityData)('JSONTestSuite: no file throws, and none that must be rejected is a turn', async () => {
  for (const { name, bytes } of jsonTestSuite()) {
    const text = new TextDecoder().decode(bytes)
    detectFormat(text)
    for (const format of FORMATS) {
      const parsed = parseTranscript(text, { format, firstLine: 1 })
      expect(parsed.drafts, name).toEqual([])
      for await (const chunk of transcriptChunks(stream(bytes), { maxChunkChars: 1000 })) {
        parseTranscript(chunk.text, { format, firstLine: chunk.firstLine })
      }
    }
    if (!name.startsWith('y_') || text.includes('\n')) continue
    const codes = parseTranscript(text, { format: 'plain', firstLine: 1 }).malformed.map(({ code }) => code)
    expect(codes, name).toEqual(['not_a_turn'])
  }
})

test.skipIf(!hasSecurityData)('Big List of Naughty Strings: every string survives as content and as input', () => {
  for (const naughty of naughtyStrings()) {
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
})

async function* stream(bytes: Uint8Array) {
  yield bytes
}
