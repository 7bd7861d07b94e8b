/** The transcript readers: what arrives as a file that somebody else's program wrote. */
import assert from 'node:assert/strict'
import { built, loadBuilt } from '../built.mjs'

const folder = 'domain/transcript/'
const formats = ['claude-code', 'openai', 'plain']
const punctuation = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '\\"',
  '\n',
  '\r\n',
  '\ufeff',
  '\\u0000',
  '\\ud800',
  '1e999',
]
const roles = ['"user"', '"assistant"', '"system"', '"tool"', '"role"', '"content"', '"type"', '"text"']

const samples = {
  'claude-code': [
    '{"type":"user","uuid":"u1","sessionId":"s","timestamp":"2025-12-03T18:27:04.359Z","message":{"content":"Hello"}}',
    '{"type":"assistant","uuid":"u2","sessionId":"s","isSidechain":true,"agentId":"a","message":{"model":"m","content":[{"type":"thinking","thinking":"x"},{"type":"text","text":"Hi"},{"type":"tool_use","id":"t","name":"Bash","input":{"a":[1]}}]}}',
    '{"type":"user","uuid":"u3","message":{"content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"image"}],"is_error":true}]}}\n{"type":"system","subtype":"local_command","content":"ls"}\n{"type":"summary","leafUuid":"l"}',
  ],
  openai: [
    '{"role":"user","content":"Hello","id":"x","created_at":1700000000}\n{"role":"assistant","content":null,"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{\\"a\\":1}"}}]}\n{"role":"tool","tool_call_id":"c","content":"1"}',
    '{\n "id": "x",\n "messages": [\n  {"role":"developer","content":[{"type":"text","text":"t"},{"type":"image_url"}]},\n  {"type":"function_call","call_id":"c","name":"f","arguments":"no"},\n  {"type":"function_call_output","call_id":"c","output":"1"}\n ]\n}',
    '[{"role":"user","content":"a"},{"role":"assistant","refusal":"no","function_call":{"name":"f","arguments":"{}"}},{"messages":[{"role":"user","content":"b"}]}]',
  ],
  plain: [
    '{"role":"user","content":"Hello","at":"2024-01-01T10:00:00+02:00","session":"s","id":7}\r\n\r\n{"role":"tool","content":"x"}',
  ],
}

const words = {
  'claude-code': [
    '"message"',
    '"uuid"',
    '"sessionId"',
    '"isMeta"',
    '"isSidechain"',
    '"agentId"',
    '"timestamp"',
    'true',
  ].concat([
    '"tool_use"',
    '"tool_result"',
    '"input"',
    '"tool_use_id"',
    '"summary"',
    '"<synthetic>"',
    '"isCompactSummary"',
  ]),
  openai: [
    '"messages"',
    '"tool_calls"',
    '"function"',
    '"function_call"',
    '"arguments"',
    '"call_id"',
    '"output"',
    '"id"',
  ].concat([
    '"function_call_output"',
    '"reasoning"',
    '"refusal"',
    '"created_at"',
    '"developer"',
    '{"messages":[',
    '\n ',
  ]),
  plain: ['"at"', '"session"', '"id"', '"2024-02-29"'],
}

/** A format, read whole and in pieces: the answer is the same, and every draft can be stored. */
const reader = (format) => ({
  name: `transcript-${format}`,
  guides: [built(folder)],
  seeds: samples[format],
  dictionary: [...punctuation, ...roles, ...words[format]],
  shape: 'jsonLines',
  async load() {
    const { parseTranscript } = await loadBuilt(`${folder}parse.js`)
    const { documentAsLines } = await loadBuilt(`${folder}documentAsLines.js`)
    const readPieces = await pieceReader()
    return async (input) => {
      const text = new TextDecoder().decode(input)
      const lines = documentAsLines(text)
      const whole = parseTranscript(lines.text, { format, firstLine: lines.firstLine })
      assertPromises(whole)
      const { maxChunkChars, pieceBytes } = cutsFor(input)
      assertSame(await readPieces(input, format, { maxChunkChars, pieceBytes }), whole)
    }
  },
})

/** The splitter with a short limit, so that lines and elements beyond it are common. */
const chunks = {
  name: 'transcript-chunks',
  guides: [built(folder)],
  seeds: Object.values(samples).flat(),
  dictionary: [...punctuation, '"messages":[', '{"messages":[{', '\n\n', 'x'.repeat(40)],
  shape: 'jsonLines',
  async load() {
    const readPieces = await pieceReader()
    return async (input) => {
      const { maxChunkChars, pieceBytes } = cutsFor(input)
      const maxLineChars = 60
      const coarse = await readPieces(input, 'openai', { maxChunkChars: 1e9, pieceBytes: 1e9, maxLineChars })
      assertPromises(coarse)
      assertSame(await readPieces(input, 'openai', { maxChunkChars, pieceBytes, maxLineChars }), coarse)
    }
  },
}

/** Detection: a known format or none, and a file that has grown is not read differently. */
const detection = {
  name: 'transcript-detect',
  guides: [built(`${folder}detect.js`), built(`${folder}records.js`), built(`${folder}document.js`)],
  seeds: Object.values(samples).flat(),
  dictionary: [...punctuation, ...roles, ...Object.values(words).flat()],
  shape: 'jsonLines',
  async load() {
    const { detectFormat } = await loadBuilt(`${folder}detect.js`)
    return (input) => {
      const text = new TextDecoder().decode(input)
      const format = detectFormat(text)
      assert.ok(format === undefined || formats.includes(format))
      const lineEnds = [...text.matchAll(/\n/g)].map(({ index }) => index)
      if (lineEnds.length === 0) return
      const before = detectFormat(text.slice(0, lineEnds[cutsFor(input).maxChunkChars % lineEnds.length]))
      assert.ok(before === undefined || before === format, `${before} became ${format}`)
    }
  },
}

const time = {
  name: 'transcript-time',
  guides: [built(`${folder}time.js`)],
  seeds: [
    '"2025-12-03T18:27:04.359Z"',
    '"2024-02-29 10:00:00,5+05:30"',
    '"2024-01-01"',
    '1700000000',
    '1700000000000.5',
  ],
  dictionary: [
    'T',
    'Z',
    ':',
    '-',
    '+14:59',
    '.999999999',
    ' ',
    '00',
    '59',
    '1969',
    '9999-12-31',
    '24',
    '29',
    '1e11',
    '-0',
  ],
  maxBytes: 80,
  async load() {
    const { readTime } = await loadBuilt(`${folder}time.js`)
    return (input) => {
      const text = input.toString('latin1')
      for (const value of [text, Number(text), unquoted(text)]) {
        const read = readTime(value)
        if (read === undefined) continue
        assert.match(read, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
        assert.equal(readTime(read), read)
        if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?(Z|[+-]\d\d:\d\d)$/.test(value)) {
          assert.equal(Date.parse(value), Date.parse(read))
        }
      }
    }
  },
}

export const transcriptParsers = [...formats.map(reader), chunks, detection, time]

async function pieceReader() {
  const { transcriptChunks } = await loadBuilt(`${folder}chunks.js`)
  const { parseTranscript } = await loadBuilt(`${folder}parse.js`)
  return async (bytes, format, { pieceBytes, ...bounds }) => {
    const total = { drafts: [], malformed: [], ignored: 0, repaired: 0 }
    for await (const { text, firstLine } of transcriptChunks(pieces(bytes, pieceBytes), bounds)) {
      const { drafts, malformed, ignored, repaired } = parseTranscript(text, { format, firstLine })
      for (const draft of drafts) total.drafts.push(draft)
      for (const problem of malformed) total.malformed.push(problem)
      total.ignored += ignored
      total.repaired += repaired
    }
    return total
  }
}

async function* pieces(bytes, size) {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
}

/** Cuts that an input decides by itself, so that it is all there is to repeat, and whatever its length, so that it scales. */
function cutsFor(input) {
  const octets = (input[0] ?? 0) + 7 * (input.at(-1) ?? 0)
  return { maxChunkChars: 1 + (octets % 199), pieceBytes: 1 + (octets % 61) }
}

/** As text first, which is much faster, and nothing here is lost in JSON. */
function assertSame(one, other) {
  if (JSON.stringify(one) !== JSON.stringify(other)) assert.deepEqual(one, other)
}

/** What a reading always promises: bounded, storable drafts and short diagnostics. */
function assertPromises({ drafts, malformed }) {
  for (const { line, draft } of drafts) {
    assert.ok(Number.isInteger(line) && line >= 1)
    assert.ok(draft.key !== '' && draft.key.length <= 200 && draft.session !== '' && draft.session.length <= 200)
    assert.ok(draft.content !== '' || draft.toolCalls.length + draft.toolResults.length > 0, 'an empty turn')
  }
  const written = JSON.stringify(drafts).replaceAll('\\\\', '')
  assert.doesNotMatch(written, /\\u0000|\\ud[89a-f]/, 'not storable')
  for (const { message } of malformed) assert.ok(message.length <= 250, 'a diagnostic is too long')
}

function unquoted(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
