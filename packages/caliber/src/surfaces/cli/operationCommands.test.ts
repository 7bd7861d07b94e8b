import { writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { CaliberError } from '../../domain/errors.ts'
import { contract } from '../../generated/contract.ts'
import { exampleArguments, exampleLine } from './commandExample.ts'
import { runCommand } from './program.ts'
import { recordingConnect } from './testing/recordingConnect.ts'
import { recordingTerminal } from './testing/recordingTerminal.ts'

const noteId = '01890a5d-ac96-774b-bcce-b302099a8057'

describe('every operation of the contract', () => {
  test('there are as many as the registry has', () => expect(contract.length).toBeGreaterThanOrEqual(26))

  test.each(
    contract.map((operation) => [operation.name, operation] as const),
  )('%s takes its example as arguments and sends exactly that', async (name, operation) => {
    const { code, calls } = await run(exampleArguments(operation))

    expect({ code, calls }).toMatchObject({ code: 0, calls: [{ operation: name, input: operation.example }] })
    expect(Object.keys(calls[0]?.input ?? {}).toSorted()).toEqual(Object.keys(operation.example).toSorted())
  })

  test.each(
    contract.map((operation) => [operation.name, operation] as const),
  )('%s takes its example with --input and sends exactly that', async (name, operation) => {
    const words = [...name.split('.'), '--input', JSON.stringify(operation.example)]
    expect((await run(words)).calls).toMatchObject([{ operation: name, input: operation.example }])
  })

  test.each(
    contract.map((operation) => [operation.name, operation] as const),
  )('%s explains itself and every field of its input in its help', async (name, operation) => {
    const { code, stdout, opened } = await run([...name.split('.'), '--help'])

    expect(code).toBe(0)
    expect(opened).toEqual([])
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(operation.summary)
    expect(stdout).toContain(exampleLine(operation))
    for (const field of Object.keys(operation.input.properties ?? {})) {
      const flag = `--${field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
      expect(stdout).toContain(operation.pathFields.includes(field) ? field : flag)
    }
  })
})

test('fields of a path are arguments, the others options of their type', async () => {
  const words = [
    'note',
    'supersede',
    noteId,
    '--content',
    'New.',
    '--confidence',
    '0.5',
    '--version',
    '3',
    '--no-pinned',
  ]
  expect((await run(words)).calls).toMatchObject([
    {
      operation: 'note.supersede',
      input: { noteId, content: 'New.', confidence: 0.5, version: 3, pinned: false },
    },
  ])
})

test('what is not given is not sent, so that defaults are the server’s', async () => {
  expect((await run(['note', 'list'])).calls).toEqual([{ operation: 'note.list', input: {}, options: {} }])
})

test('options override --input, which may come from a file or from standard input', async () => {
  const file = path.join(os.tmpdir(), `caliber-input-${process.pid}.json`)
  await writeFile(file, '{"subject":"s","content":"old"}')
  const expected = [{ operation: 'note.record', input: { subject: 's', content: 'new' } }]

  expect((await run(['note', 'record', '--input', `@${file}`, '--content', 'new'])).calls).toMatchObject(expected)
  const piped = await run(['note', 'record', '--input', '-', '--content', 'new'], { stdin: '{"subject":"s"}' })
  expect(piped.calls).toMatchObject(expected)
})

test('an idempotency key travels beside the input', async () => {
  const { calls } = await run(['note', 'record', '--subject', 's', '--content', 'c', '--idempotency-key', 'k1'])
  expect(calls).toEqual([
    { operation: 'note.record', input: { subject: 's', content: 'c' }, options: { idempotencyKey: 'k1' } },
  ])
})

test.each([
  [['note', 'get'], 'Missing: <noteId>'],
  [['note', 'record', '--content', 'c'], 'Missing: --subject <text>'],
  [['note', 'record', '--subject', 's', '--content', 'c', '--type', 'poem'], 'Allowed choices are fact, preference'],
  [['note', 'list', '--limit', '1.5'], 'Expected a whole number'],
  [['note', 'list', '--limit', ''], 'Expected a whole number'],
  [['turn', 'append', noteId, '--turns', '[{'], 'Expected JSON'],
  [['note', 'record', '--input', '[]'], '--input must be a JSON object'],
  [['note', 'record', '--input', '{'], '--input is not valid JSON'],
  [['note', 'record', '--input', '@/no/such/file'], 'There is no file /no/such/file'],
  [['note', 'list', '--color', 'red'], "Unknown option '--color'"],
  [['note', 'get', noteId, 'more'], 'Too many arguments'],
  [['note', 'recrod'], 'Did you mean record?'],
  [['serach', 'x'], 'Did you mean search?'],
  [['note', 'list', '--url', 'http://127.0.0.1', '--data-dir', '/tmp'], 'Give one or the other'],
])('%j is refused with exit code 2 and nothing is opened', async (words, message) => {
  const { code, stdout, stderr, opened } = await run(words)

  expect({ code, stdout, opened }).toEqual({ code: 2, stdout: '', opened: [] })
  expect(stderr).toMatch(/^caliber: /)
  expect(stderr).toContain(message)
  expect(stderr).not.toMatch(/\n./)
})

test('under --json an answer is one line on standard output, an error one line on standard error', async () => {
  const fine = await run(['note', 'list', '--json'], { answer: () => ({ items: [], next: null }) })
  expect(fine.stdout).toBe('{"items":[],"next":null}\n')

  const bad = await run(['--json', 'note', 'get', noteId], {
    answer: () => {
      throw new CaliberError('not_found', 'There is no note.', { noteId })
    },
  })
  expect(bad).toMatchObject({
    code: 5,
    stdout: '',
    stderr: `{"error":{"code":"not_found","message":"There is no note.","detail":{"noteId":"${noteId}"}}}\n`,
  })

  const typo = await run(['note', 'lisst', '--json'])
  expect(JSON.parse(typo.stderr)).toMatchObject({ error: { code: 'invalid_input' } })
})

test('the options of every command stand before or after its name', async () => {
  for (const words of [
    ['--data-dir', '/data/x', '-q', 'note', 'list'],
    ['note', 'list', '--data-dir', '/data/x', '--quiet'],
  ]) {
    expect((await run(words)).opened).toMatchObject([{ dataDir: '/data/x', quiet: true, json: false }])
  }
})

test('the memory is closed when the call fails', async () => {
  const { closed, code } = await run(['note', 'list'], {
    answer: () => {
      throw new CaliberError('unavailable', 'Gone.')
    },
  })
  expect({ closed, code }).toEqual({ closed: 1, code: 9 })
})

test('a verification with problems ends with the exit code of integrity', async () => {
  const checked = { turns: 1, artifactRevisions: 0, notes: 0, events: 1, scopes: 1 }
  const problems = [{ what: 'turn content does not match its digest', id: noteId }]
  for (const words of [['verify'], ['memory', 'verify']]) {
    const answer = () => ({ ok: false, checked, problemCount: 1, problems })
    expect(await run(words, { answer })).toMatchObject({ code: 8, stdout: expect.stringContaining(noteId) })
  }
})

async function run(
  words: readonly string[],
  { stdin = '', answer }: { stdin?: string; answer?: (operation: string, input: unknown) => unknown } = {},
) {
  const terminal = recordingTerminal({ stdin })
  const memory = recordingConnect(answer ?? sampleAnswer)
  const code = await runCommand(words, terminal, memory.connect)
  const { calls, opened } = memory
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr(), calls, opened, closed: memory.closed() }
}

/** What the printers with a form of their own need; any other answer may be empty. */
function sampleAnswer(operation: string): unknown {
  const checked = { turns: 0, artifactRevisions: 0, notes: 0, events: 0, scopes: 0 }
  const request = {
    scopeId: null,
    trajectoryId: null,
    query: null,
    system: null,
    pins: [],
    budgetTokens: 1,
    format: 'xml',
  }
  const totals = { candidates: 0, included: 0, excluded: 0 }
  const receipt = { request, eventSeq: 0, at: '', tokenizer: 't', usedTokens: 0, sections: [], totals, verdicts: [] }
  const answers: Readonly<Record<string, unknown>> = {
    'memory.search': { items: [], eventSeq: 0 },
    'memory.verify': { ok: true, checked, problemCount: 0, problems: [] },
    'context.assemble': { windowId: '', text: '', messages: null, receipt },
    'context.explain': { windowId: '', text: '', messages: null, receipt },
  }
  return answers[operation] ?? {}
}
