import { expect, test } from 'vitest'
import { type ImportProgress, type ImportRequest, importFile } from './importFile.ts'
import { recordingConnect } from './testing/recordingConnect.ts'

const request: ImportRequest = { source: 'a.jsonl', format: 'auto', onMalformed: 'skip' }
/** A little over half a chunk, so that each line is a chunk of its own. */
const line = `{"role":"user","content":"${'x'.repeat(600_000)}"}\n`

test('the first chunk settles the format, later ones start at their line, and the counts add up', async () => {
  const { calls, summary, progress } = await run({ lines: 3 })

  expect(calls.map(({ input }) => input)).toMatchObject([
    { source: 'a.jsonl', format: 'auto', firstLine: 1, onMalformed: 'skip' },
    { format: 'plain', firstLine: 2 },
    { format: 'plain', firstLine: 3 },
  ])
  expect(summary).toMatchObject({ turnsAdded: 3, turnsPresent: 6, ignored: 9, repaired: 12, malformedCount: 15 })
  expect(summary).toMatchObject({ source: 'a.jsonl', trajectoryId: 'first', format: 'plain', stoppedAtLine: null })
  expect(progress.map(({ turns }) => turns)).toEqual([3, 6, 9])
  expect(progress.at(-1)?.bytesRead).toBe(3 * line.length)
})

test('after the chunk that stopped nothing more is sent', async () => {
  const { calls, summary } = await run({ lines: 3, stopAt: 2 })
  expect(calls).toHaveLength(2)
  expect(summary).toMatchObject({ turnsAdded: 2, stoppedAtLine: 2 })
})

test('an interrupted import ends after the chunk under way', async () => {
  let asked = 0
  const { calls, summary } = await run({ lines: 3, goOn: () => (asked += 1) <= 1 })
  expect(calls).toHaveLength(1)
  expect(summary).toMatchObject({ turnsAdded: 1 })
})

test('an error after the interrupt ends the import as the interrupt does, one before it does not', async () => {
  let stopped = false
  const failing = () => {
    throw new Error('the server went first')
  }
  await expect(run({ lines: 2, reply: failing })).rejects.toThrow('the server went first')

  const reply = () => {
    stopped = true
    return failing()
  }
  expect((await run({ lines: 2, reply, goOn: () => !stopped })).summary).toMatchObject({ turnsAdded: 0 })
})

test('a line longer than the operation takes is sent as a marker, never as itself', async () => {
  const { calls } = await run({ lines: 8, newline: '' })
  expect(calls.map(({ input }) => JSON.stringify(input).length)).toEqual([expect.any(Number)])
  expect(JSON.stringify(calls[0]?.input).length).toBeLessThan(1_000)
})

test('an empty file is no transcript and no error', async () => {
  const { calls, summary } = await run({ lines: 0 })
  expect(calls).toEqual([])
  expect(summary).toMatchObject({ format: null, trajectoryId: null, turnsAdded: 0 })
})

async function run(options: {
  lines: number
  stopAt?: number
  newline?: string
  goOn?: () => boolean
  reply?: () => object
}) {
  const memory = recordingConnect((_, input) => options.reply?.() ?? answer(input, options.stopAt))
  const { transport } = await memory.connect({
    dataDir: undefined,
    tier: undefined,
    databaseUrl: undefined,
    url: undefined,
    json: false,
    quiet: false,
  })
  const progress: ImportProgress[] = []
  const bytes = source(options.lines, options.newline ?? '\n')
  const goOn = options.goOn ?? (() => true)
  const summary = await importFile(bytes, request, transport, goOn, (step) => progress.push(step))
  return { calls: memory.calls, summary, progress }
}

async function* source(lines: number, newline: string): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < lines; i += 1) yield new TextEncoder().encode(line.replace('\n', newline))
}

function answer(input: unknown, stopAt: number | undefined): object {
  const firstLine = typeof input === 'object' && input !== null && 'firstLine' in input ? Number(input.firstLine) : 0
  return {
    trajectoryId: firstLine === 1 ? 'first' : 'later',
    format: 'plain',
    scopeIds: [],
    turnsAdded: 1,
    turnsPresent: 2,
    ignored: 3,
    repaired: 4,
    malformedCount: 5,
    malformed: [],
    stoppedAtLine: firstLine === stopAt ? firstLine : null,
  }
}
