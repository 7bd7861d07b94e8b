import { expect, test } from 'vitest'
import { type TranscriptChunk, transcriptChunks } from './chunks.ts'
import { OVERLONG_LINE } from './limits.ts'
import { parseTranscript } from './parse.ts'

test('chunks hold whole lines, say where they start and how far the source was read', async () => {
  const chunks = await cut('{"a":1}\n{"b":2}\n{"c":3}\n', { maxChunkChars: 16 })

  expect(chunks).toEqual([
    { text: '{"a":1}\n{"b":2}\n', firstLine: 1, bytesRead: 24 },
    { text: '{"c":3}\n', firstLine: 3, bytesRead: 24 },
  ])
})

test('blank lines keep their place inside a chunk and between chunks', async () => {
  expect(await cut('\n\n{"a":1}\r\n\n{"b":2}\n\n\n\n{"c":3}', { maxChunkChars: 22 })).toMatchObject([
    { text: '{"a":1}\r\n\n{"b":2}\n', firstLine: 3 },
    { text: '{"c":3}\n', firstLine: 9 },
  ])
  expect(await cut('{"a":1}\n\n\n\n{"b":2}\n\n{"c":3}', { maxChunkChars: 26 })).toMatchObject([
    { text: '{"a":1}\n\n\n\n{"b":2}\n', firstLine: 1 },
    { text: '{"c":3}\n', firstLine: 7 },
  ])
})

test('a line longer than a chunk is a chunk of its own', async () => {
  const long = `"${'x'.repeat(50)}"`
  expect(await cut(`1\n${long}\n2\n`, { maxChunkChars: 10 })).toMatchObject([
    { text: '1\n', firstLine: 1 },
    { text: `${long}\n`, firstLine: 2 },
    { text: '2\n', firstLine: 3 },
  ])
})

test('characters split between pieces are put together, and what is not UTF-8 becomes U+FFFD', async () => {
  const source = [...new TextEncoder().encode('\ufeff"é😀'), 0xff, ...new TextEncoder().encode('"\n')]
  const pieces = source.map((byte) => Uint8Array.of(byte))

  expect(await collect(pieces, { maxChunkChars: 100 })).toEqual([
    { text: '"é😀\ufffd"\n', firstLine: 1, bytesRead: source.length },
  ])
})

test('of an overlong line only a marker remains, wherever the pieces are cut', async () => {
  const text = `{"role":"user","content":"a"}\n"${'x'.repeat(100)}"\n{"role":"user","content":"b"}\r\n${'y'.repeat(41)}`
  for (const size of [1, 7, 64, 1000]) {
    const chunks = await cut(text, { maxChunkChars: 50, maxLineChars: 40 }, size)
    expect(chunks.map((chunk) => chunk.text).join('')).toBe(
      `{"role":"user","content":"a"}\n${OVERLONG_LINE}\n{"role":"user","content":"b"}\r\n${OVERLONG_LINE}\n`,
    )
    const parsed = chunks.map((chunk) => parseTranscript(chunk.text, { format: 'plain', firstLine: chunk.firstLine }))
    expect(parsed.flatMap(({ malformed }) => malformed)).toMatchObject([
      { line: 2, code: 'too_long' },
      { line: 4, code: 'too_long' },
    ])
    expect(parsed.flatMap(({ drafts }) => drafts.map(({ line }) => line))).toEqual([1, 3])
  }
})

test('a line is measured without its line end', async () => {
  for (const size of [1, 41, 100]) {
    const chunks = await cut(`${'x'.repeat(40)}\r\n${'y'.repeat(40)}\n${'z'.repeat(41)}\n`, bounds(40), size)
    expect(texts(chunks)).toEqual([`${'x'.repeat(40)}\r`, 'y'.repeat(40), OVERLONG_LINE])
  }
})

test('memory stays bounded: a line of 64 MB leaves nothing behind', async () => {
  const piece = new TextEncoder().encode('x'.repeat(1 << 16))
  async function* endless() {
    for (let i = 0; i < 1024; i++) yield piece
    yield new TextEncoder().encode('\n{"role":"user","content":"after"}\n')
  }
  const chunks: TranscriptChunk[] = []
  for await (const chunk of transcriptChunks(endless(), { maxChunkChars: 1000 })) chunks.push(chunk)

  expect(chunks).toMatchObject([{ text: `${OVERLONG_LINE}\n{"role":"user","content":"after"}\n`, firstLine: 1 }])
})

test('an empty source has no chunks', async () => {
  expect(await cut('', bounds(10))).toEqual([])
  expect(await cut('\ufeff \r\n\n', bounds(10))).toEqual([])
})

test('an array document becomes its elements', async () => {
  const document = '\n[\n  {"role": "user",\n   "content": "a ] } \\" , b"},\r\n  [1, [2]], "s,]", 7,null\n]\n'
  for (const size of [1, 3, 1000]) {
    expect(texts(await cut(document, bounds(1000), size)).map((text) => JSON.parse(text))).toEqual([
      { role: 'user', content: 'a ] } " , b' },
      [1, [2]],
      's,]',
      7,
      null,
    ])
  }
})

test('a pretty-printed conversation becomes its messages, whatever stands beside them', async () => {
  const messages = [
    { role: 'user', content: 'a' },
    { role: 'assistant', content: 'b', meta: { messages: [1] } },
  ]
  const document = {
    id: 'x',
    note: 'messages',
    messages_before: [5],
    meta: { messages: [0] },
    messages,
    after: [{ messages: [9] }],
  }
  for (const size of [1, 5, 1000]) {
    const chunks = await cut(JSON.stringify(document, null, 2), bounds(1000), size)
    expect(texts(chunks).map((text) => JSON.parse(text))).toEqual(messages)
    expect(chunks[0]?.firstLine).toBe(1)
  }
})

test('objects printed over several lines one after the other are records of their own', async () => {
  const text = '{\n "role": "user",\n "content": "a"\n}\n{\n "role": "user",\n "content": "b"\n}\nrest of a log\n'
  const chunks = await cut(text, bounds(1000))

  expect(texts(chunks).map((line) => line.replaceAll(/\s/g, ''))).toEqual([
    '{"role":"user","content":"a"}',
    '{"role":"user","content":"b"}',
    'restofalog',
  ])
})

test('an object on one line is a JSON line, and a torn first line does not swallow the file', async () => {
  const good = '{"role":"user","content":"a"}'
  for (const torn of [
    '{"messages":[{"role":"user"}]}',
    '{"type":"user","mess',
    '{"a":[1',
    '{"a":"b,',
    '{"a":"b",',
    '{"a":1}{',
  ]) {
    expect(texts(await cut(`${torn}\n${good}\n`, bounds(1000)))).toEqual([torn, good])
  }
})

test('an overlong element leaves a marker, a document that breaks off leaves its last element', async () => {
  const text = `[{"a":"${'x'.repeat(50)}"}, {"b":1}, {"c":`
  for (const size of [1, 9, 1000]) {
    expect(texts(await cut(text, bounds(20), size))).toEqual([OVERLONG_LINE, '{"b":1}', '{"c":'])
  }
})

test('whether a first line beyond the limit begins a document does not depend on the pieces', async () => {
  const text = `{"id":"${'x'.repeat(50)}","messages": [\n  {"role":"user"}\n]}`
  const whole = texts(await cut(text, bounds(20), 1_000))
  expect(whole).toContain(OVERLONG_LINE)
  for (const size of [1, 9, 40]) expect(texts(await cut(text, bounds(20), size))).toEqual(whole)
})

function bounds(maxLineChars: number) {
  return { maxChunkChars: 1_000_000, maxLineChars }
}

function texts(chunks: readonly TranscriptChunk[]): string[] {
  return chunks.flatMap((chunk) => chunk.text.split('\n').slice(0, -1))
}

function cut(text: string, limits: { maxChunkChars: number; maxLineChars?: number }, pieceBytes = 7) {
  const bytes = new TextEncoder().encode(text)
  const pieces: Uint8Array[] = []
  for (let start = 0; start < bytes.length; start += pieceBytes) pieces.push(bytes.subarray(start, start + pieceBytes))
  return collect(pieces, limits)
}

async function collect(pieces: Uint8Array[], limits: { maxChunkChars: number; maxLineChars?: number }) {
  async function* stream() {
    yield* pieces
  }
  const chunks: TranscriptChunk[] = []
  for await (const chunk of transcriptChunks(stream(), limits)) chunks.push(chunk)
  return chunks
}
