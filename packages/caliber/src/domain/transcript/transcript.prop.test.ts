import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { transcriptChunks } from './chunks.ts'
import { detectFormat } from './detect.ts'
import type { NumberedDraft, ParsedChunk, TranscriptFormat } from './draft.ts'
import { limits } from './limits.ts'
import { parseTranscript } from './parse.ts'

const FORMATS: readonly TranscriptFormat[] = ['claude-code', 'openai', 'plain']
const RUNS = { numRuns: 150 }

test('never throws, and keeps its promises, for arbitrary text', () => {
  fc.assert(
    fc.property(anyText(), fc.constantFrom(...FORMATS), fc.integer({ min: 1, max: 1e6 }), (text, format, firstLine) => {
      expectPromises(parseTranscript(text, { format, firstLine }), text, firstLine)
      detectFormat(text)
    }),
    { numRuns: 400 },
  )
})

test('never throws, and keeps its promises, for valid files with characters changed', () => {
  fc.assert(
    fc.property(anyFile(), mutations(), ({ format, lines }, changes) => {
      const text = mutate(lines.join('\n'), changes)
      expectPromises(parseTranscript(text, { format, firstLine: 1 }), text, 1)
      detectFormat(text)
    }),
    RUNS,
  )
})

test('never throws for JSON of any shape in place of a field', () => {
  fc.assert(
    fc.property(anyFile(), fc.jsonValue(), fc.nat(), fc.nat(), ({ format, lines }, value, lineAt, fieldAt) => {
      const record = JSON.parse(lines[lineAt % lines.length] || '{}')
      const target = fieldAt % 2 === 0 && typeof record.message === 'object' ? record.message : record
      const fields = Object.keys(target)
      target[fields[fieldAt % fields.length] ?? 'role'] = value
      const text = JSON.stringify(record)
      expectPromises(parseTranscript(text, { format, firstLine: 1 }), text, 1)
    }),
    { numRuns: 400 },
  )
})

test('chunks of every size give what parsing in one go gives, for any piece size', async () => {
  let draftsSeen = 0
  await fc.assert(
    fc.asyncProperty(
      anyFile(),
      mutations(),
      fc.integer({ min: 1, max: 2000 }),
      fc.integer({ min: 1, max: 300 }),
      async ({ format, lines }, changes, maxChunkChars, pieceBytes) => {
        // Decoded once, so that lone surrogates of the generator are U+FFFD on both sides.
        const text = new TextDecoder().decode(new TextEncoder().encode(mutate(lines.join('\n'), changes)))
        fc.pre(!text.trimStart().startsWith('[') && !/^\s*\{([^\n]*[{[,])?\s*\n/.test(text))
        const whole = parseTranscript(text, { format, firstLine: 1 })
        draftsSeen += whole.drafts.length
        expect(await parseInChunks(text, format, maxChunkChars, pieceBytes)).toEqual(whole)
      },
    ),
    RUNS,
  )
  // Files that are mostly rejected would prove nothing.
  expect(draftsSeen).toBeGreaterThan(RUNS.numRuns)
})

test('a whole document gives its messages in order, for every chunk and piece size and layout', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(openaiMessage(), { minLength: 1, maxLength: 8 }),
      fc.boolean(),
      fc.constantFrom(0, 1, 2, '\t'),
      fc.integer({ min: 1, max: 2000 }),
      fc.integer({ min: 1, max: 300 }),
      async (messages, wrapped, indent, maxChunkChars, pieceBytes) => {
        const document = wrapped
          ? JSON.stringify({ id: 'x', messages, model: 'm' }, null, indent || 2)
          : JSON.stringify(messages, null, indent)
        const lines = messages.map((message) => JSON.stringify(message)).join('\n')
        const expected = parseTranscript(lines, { format: 'openai', firstLine: 1 })
        expect(await parseInChunks(document, 'openai', maxChunkChars, pieceBytes)).toEqual(expected)
        expect(await parseInChunks(document.replaceAll('\n', '\r\n'), 'openai', 99, 7)).toEqual(expected)
      },
    ),
    RUNS,
  )
})

test('a torn or changed document never throws and depends on no chunk size', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(openaiMessage(), { minLength: 1, maxLength: 4 }),
      mutations(),
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 60 }),
      async (messages, changes, maxChunkChars, pieceBytes) => {
        const text = mutate(JSON.stringify({ messages }, null, 1), changes)
        const coarse = await parseInChunks(text, 'openai', 1e6, 1e6)
        expect(await parseInChunks(text, 'openai', maxChunkChars, pieceBytes)).toEqual(coarse)
      },
    ),
    RUNS,
  )
})

test('CRLF and LF files read the same', () => {
  fc.assert(
    fc.property(anyFile(), ({ format, lines }) => {
      const lf = parseTranscript(lines.join('\n'), { format, firstLine: 1 })
      expect(parseTranscript(`\ufeff${lines.join('\r\n')}\r\n`, { format, firstLine: 1 })).toEqual(lf)
    }),
    RUNS,
  )
})

test('keys are unique within a source, the same on re-import, and stay when lines are appended', () => {
  fc.assert(
    fc.property(anyFile(), fc.nat(), ({ format, lines }, cut) => {
      const whole = parseTranscript(lines.join('\n'), { format, firstLine: 1 }).drafts
      const before = parseTranscript(lines.slice(0, cut % lines.length).join('\n'), { format, firstLine: 1 }).drafts
      expect(new Set(keys(whole)).size).toBe(whole.length)
      expect(keys(whole).slice(0, before.length)).toEqual(keys(before))
    }),
    RUNS,
  )
})

test('the format of a valid file is recognised and does not change as it grows', () => {
  fc.assert(
    fc.property(anyFile(), fc.nat(), ({ lines }, cut) => {
      const grown = detectFormat(lines.join('\n'))
      const before = detectFormat(lines.slice(0, cut % lines.length).join('\n'))
      if (before !== undefined) expect(grown).toBe(before)
    }),
    RUNS,
  )
})

/** What a chunk always promises: line numbers in range, bounded and storable drafts. */
function expectPromises(chunk: ParsedChunk, text: string, firstLine: number): void {
  const lastLine = firstLine + text.split('\n').length - 1
  for (const { line } of [...chunk.drafts, ...chunk.malformed]) {
    if (line < firstLine || line > lastLine) throw new Error(`line ${line} is outside ${firstLine}..${lastLine}`)
  }
  for (const { draft } of chunk.drafts) {
    if (draft.at !== null && new Date(draft.at).toISOString() !== draft.at) throw new Error(`bad time ${draft.at}`)
    if (draft.key === '' || draft.key.length > limits.idChars || draft.session === '') throw new Error('bad identity')
    if (draft.content === '' && draft.toolCalls.length + draft.toolResults.length === 0) throw new Error('empty turn')
  }
  // One string holds every string of the drafts: keys of tool inputs too. JSON escapes what is not well-formed.
  if (/\\u0000|\\ud[89a-f]/.test(JSON.stringify(chunk).replaceAll('\\\\', ''))) throw new Error('not storable')
  for (const { message } of chunk.malformed) {
    if (message.length > 250) throw new Error('message too long')
  }
}

async function parseInChunks(text: string, format: TranscriptFormat, maxChunkChars: number, pieceBytes: number) {
  const bytes = new TextEncoder().encode(text)
  async function* stream() {
    for (let start = 0; start < bytes.length; start += pieceBytes) yield bytes.subarray(start, start + pieceBytes)
  }
  const total = { drafts: [] as NumberedDraft[], malformed: [] as unknown[], ignored: 0, repaired: 0 }
  for await (const { text: lines, firstLine } of transcriptChunks(stream(), { maxChunkChars })) {
    const part = parseTranscript(lines, { format, firstLine })
    total.drafts.push(...part.drafts)
    total.malformed.push(...part.malformed)
    total.ignored += part.ignored
    total.repaired += part.repaired
  }
  return total
}

function keys(drafts: readonly NumberedDraft[]): string[] {
  return drafts.map(({ draft }) => draft.key)
}

function anyText() {
  const token = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"',
    ':',
    ',',
    '\\',
    '\n',
    '\r',
    '\u0000',
    '\ufeff',
    '"role"',
    '"user"',
  )
  return fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.string({
      unit: fc.oneof(token, fc.constantFrom('"content"', '"messages"', '"type"', '1', '\ud800')),
      maxLength: 40,
    }),
    fc.array(fc.json({ maxDepth: 3 }), { maxLength: 5 }).map((lines) => lines.join('\n')),
  )
}

function anyFile(): fc.Arbitrary<{ format: TranscriptFormat; lines: string[] }> {
  const file = (format: TranscriptFormat, record: fc.Arbitrary<unknown>) =>
    fc
      .array(fc.option(record, { nil: '', freq: 8 }), { minLength: 1, maxLength: 10 })
      .map((records) => ({ format, lines: records.map((item, at) => (item === '' ? '' : numbered(item, at))) }))
  return fc.oneof(
    file('claude-code', claudeRecord()),
    file('openai', openaiMessage()),
    file(
      'openai',
      fc.array(openaiMessage(), { maxLength: 3 }).map((messages) => ({ messages })),
    ),
    file(
      'plain',
      fc.record({ role: fc.constantFrom('user', 'tool'), content: anyString(), at: fc.constant('2024-01-01') }),
    ),
  )
}

/** Give a Claude Code record its own uuid. */
function numbered(record: unknown, at: number): string {
  const text = JSON.stringify(record)
  return text.replace('"UUID"', `"00000000-0000-4000-8000-${String(at).padStart(12, '0')}"`)
}

function claudeRecord(): fc.Arbitrary<unknown> {
  const text = anyString().map((value) => ({ type: 'text', text: value }))
  const blocks = fc.oneof(
    text,
    anyString().map((thinking) => ({ type: 'thinking', thinking })),
    fc
      .jsonValue({ maxDepth: 3, stringUnit: 'binary' })
      .map((input) => ({ type: 'tool_use', id: 't', name: 'n', input })),
    fc.oneof(anyString(), fc.array(text)).map((content) => ({ type: 'tool_result', tool_use_id: 't', content })),
  )
  return fc.oneof(
    fc.constant({ type: 'summary', summary: 's', leafUuid: 'l' }),
    fc.record({
      type: fc.constantFrom('user', 'assistant'),
      uuid: fc.constant('UUID'),
      sessionId: fc.constantFrom('a', 'b'),
      isSidechain: fc.boolean(),
      timestamp: fc.constantFrom('2025-12-03T18:27:04.359Z', 'never'),
      message: fc.record({ content: fc.oneof(anyString(), fc.array(blocks, { maxLength: 4 })) }),
    }),
  )
}

function openaiMessage(): fc.Arbitrary<unknown> {
  const call = fc.json({ maxDepth: 2 }).map((args) => ({ id: 'c', function: { name: 'f', arguments: args } }))
  return fc.oneof(
    fc.record(
      { role: fc.constantFrom('user', 'system'), content: anyString(), id: fc.constantFrom('x', 'y') },
      { requiredKeys: ['role', 'content'] },
    ),
    fc.record({
      role: fc.constant('assistant'),
      content: fc.constant(null),
      tool_calls: fc.array(call, { maxLength: 3 }),
    }),
    fc.record({ role: fc.constant('tool'), tool_call_id: fc.constant('c'), content: anyString() }),
  )
}

/** Strings with what breaks readers: NUL, lone surrogates, quotes, line separators. */
function anyString() {
  const nasty = fc.constantFrom('\u0000', '\ud800', '\udc00', '😀', '"', '\\', '\n', '\u2028', '{', '[')
  return fc.string({ unit: fc.oneof({ weight: 4, arbitrary: fc.string({ maxLength: 1 }) }, nasty), maxLength: 30 })
}

type Mutation = readonly [at: number, kind: number, text: string]

function mutations(): fc.Arbitrary<Mutation[]> {
  const text = fc.constantFrom('', '"', '{', '}', '[', ']', '\\', '\n', ',', '\u0000', '\\u0000', '\\ud800', 'null')
  return fc.array(fc.tuple(fc.nat(), fc.nat(3), text), { maxLength: 4 })
}

function mutate(text: string, changes: readonly Mutation[]): string {
  return changes.reduce((current, [at, removed, inserted]) => {
    const index = at % (current.length + 1)
    return current.slice(0, index) + inserted + current.slice(index + removed)
  }, text)
}
