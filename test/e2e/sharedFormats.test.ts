/** Transcripts as other programs write them, through the command line: tool use kept as such, and twice is once. */
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Turn } from '@caliber/client'
import { type Caliber, openCaliber } from 'caliber'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cliFile, endPrograms, runProgram } from './program.ts'
import { storedScopes, storedTurns } from './stored.ts'
import { removeDirectories, temporaryDirectory } from './temporary.ts'

let directory: string
let memory: Caliber

beforeAll(async () => {
  directory = await temporaryDirectory()
  memory = await openCaliber({ dataDir: path.join(directory, 'memory'), tier: 'embedded' })
})
afterAll(async () => {
  await memory?.close()
  await endPrograms()
  await removeDirectories()
})

test('a Claude Code session: calls, results, errors and the side conversation', async () => {
  const first = await importFixture('claude-session.jsonl')
  // A line that stands there twice was present when it came again; the summary, the snapshot, thinking and meta are no turns.
  expect(first).toMatchObject({ format: 'claude-code', ignored: 4, malformedCount: 0, repaired: 0 })
  expect(first.turnsAdded).toBe(10)
  expect(await importFixture('claude-session.jsonl')).toMatchObject({ turnsAdded: 0 })

  const { main, side } = await sessionsOf(first.trajectoryId)
  expect(main.map(short)).toEqual([
    ['user', 'The booking test is flaky since yesterday. Find out why.'],
    ['assistant', 'I will run the test a few times first.'],
    ['assistant', ''],
    ['tool', ''],
    ['assistant', 'One seat is held by an expired reservation. Reading the sweeper.'],
    ['tool', ''],
    ['assistant', 'The sweeper runs on a timer of its own. The test must sweep before it counts seats.'],
    ['user', 'Right. From now on holds last 20 minutes, Lennart asked for it.'],
  ])
  expect(main.map(({ sequence }) => sequence)).toEqual(main.map((_, index) => index + 1))
  expect(main[2]?.toolCalls).toEqual([
    {
      id: 'toolu_01A',
      name: 'Bash',
      input: {
        command: 'for i in 1 2 3; do npm test -- booking; done',
        description: 'Run the booking test three times',
      },
    },
  ])
  const output = 'PASS booking\nPASS booking\nFAIL booking: expected 90 seats, got 89'
  expect(main[3]?.toolResults).toEqual([{ callId: 'toolu_01A', content: output, isError: true }])
  expect(main[4]?.toolCalls).toMatchObject([{ id: 'toolu_01B', name: 'Read', input: { limit: 40 } }])
  const read = 'export const holdMinutes = 15\nexport function sweep() {}'
  expect(main[5]?.toolResults).toEqual([{ callId: 'toolu_01B', content: read, isError: false }])
  expect(Date.parse(main[3]?.saidAt ?? '')).toBe(Date.parse('2026-03-11T08:02:41.230Z'))
  expect(side.map(short)).toEqual([
    ['user', 'Search the repository for other tests that count seats.'],
    ['assistant', 'Two more: kiosk.test.ts and deck.test.ts.'],
  ])
  await expectFound('seats', 'expected 90 seats, got 89')
})

test('an OpenAI chat document: parts, calls with and without JSON arguments, answers of tools', async () => {
  const first = await importFixture('chat.json')
  expect(first).toMatchObject({ format: 'openai', turnsAdded: 6, malformedCount: 0 })
  expect(await importFixture('chat.json')).toMatchObject({ turnsAdded: 0, turnsPresent: 6 })

  const { main } = await sessionsOf(first.trajectoryId)
  expect(main.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool', 'tool', 'assistant'])
  expect(main[1]?.content).toBe('When does Skarven leave tomorrow?\n[image]')
  expect(main[2]?.toolCalls).toEqual([
    { id: 'call_1', name: 'sailings', input: { boat: 'Skarven', day: '2026-05-05' } },
    { id: 'call_2', name: 'weather', input: 'not json' },
  ])
  expect([main[3], main[4]].map((turn) => turn?.toolResults)).toEqual([
    [{ callId: 'call_1', content: '["07:40","16:10"]', isError: false }],
    [{ callId: 'call_2', content: 'timed out', isError: true }],
  ])
  await expectFound('Skarven leaves', '07:40 and 16:10')
})

test('OpenAI messages line by line: times, and only what is new when the file has grown', async () => {
  const first = await importFixture('chat.jsonl')
  expect(first).toMatchObject({ format: 'openai', turnsAdded: 5, malformedCount: 0 })
  const { main } = await sessionsOf(first.trajectoryId)
  expect(main.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool', 'assistant'])
  expect(main[2]).toMatchObject({
    content: 'Looking it up.',
    toolCalls: [{ id: 'call_9', name: 'fare', input: { to: 'Lillön', bicycle: true } }],
  })
  expect(main[3]?.toolResults).toEqual([{ callId: 'call_9', content: '65 SEK', isError: false }])
  expect(Date.parse(main[1]?.saidAt ?? '')).toBe(1_777_887_600_000)

  const grown = path.join(directory, 'chat.jsonl')
  await copyFile(fixture('chat.jsonl'), grown)
  await writeFile(grown, `${await readFile(grown, 'utf8')}not json\n{"role":"user","content":"And back?"}\n`)
  const second = await imported(grown)
  expect(second).toMatchObject({ turnsAdded: 1, turnsPresent: 5, malformedCount: 1, malformed: [{ line: 6 }] })
  expect(await imported(grown)).toMatchObject({ turnsAdded: 0, turnsPresent: 6, malformedCount: 1 })
  expect((await sessionsOf(first.trajectoryId)).main.at(-1)).toMatchObject({ sequence: 6, content: 'And back?' })
})

test('the client imports the same text as the command line did, and adds nothing', async () => {
  const text = await readFile(fixture('claude-session.jsonl'), 'utf8')
  const answer = await memory.transcript.import({ source: 'claude-session.jsonl', text })
  expect(answer).toMatchObject({ turnsAdded: 0, turnsPresent: 11, format: 'claude-code' })
  expect(await memory.memory.verify()).toMatchObject({ ok: true, checked: { turns: 22, scopes: 4 } })
})

interface Imported {
  readonly trajectoryId: string
  readonly turnsAdded: number
}

function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))
}

function importFixture(name: string): Promise<Imported> {
  return imported(fixture(name))
}

async function imported(file: string): Promise<Imported> {
  const words = ['import', file, '--json', '--data-dir', path.join(directory, 'memory')]
  const { code, stdout, stderr } = await runProgram(cliFile, words)
  expect(code, stderr).toBe(0)
  const answer: { files: Imported[] } = JSON.parse(stdout)
  const [summary] = answer.files
  if (!summary) throw new Error(`No file in ${stdout}`)
  return summary
}

/** The main conversation and the one beside it. */
async function sessionsOf(trajectoryId: string): Promise<{ main: readonly Turn[]; side: readonly Turn[] }> {
  const scopes = (await storedScopes(memory)).filter((scope) => scope.trajectoryId === trajectoryId)
  const isSide = ({ name }: { name: string }) => name.includes('/agent-')
  const [main, side] = [scopes.find((scope) => !isSide(scope)), scopes.find(isSide)]
  return {
    main: main ? await storedTurns(memory, main.scopeId) : [],
    side: side ? await storedTurns(memory, side.scopeId) : [],
  }
}

function short({ role, content }: Turn): readonly [string, string] {
  return [role, content]
}

async function expectFound(query: string, text: string): Promise<void> {
  const { items } = await memory.memory.search({ query, limit: 5 })
  expect(items.map((item) => item.text).join('\n')).toContain(text)
}
