import { writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { runCommand } from './program.ts'
import { recordingConnect } from './testing/recordingConnect.ts'
import { recordingTerminal } from './testing/recordingTerminal.ts'

const turnId = '01890a5d-ac96-774b-bcce-b302099a8057'
const hit = {
  id: turnId,
  kind: 'turn',
  origin: 'user',
  at: '2026-05-04T09:00:00.000Z',
  text: 'Stockholm \u001b[2J now.\nReally.',
  tokenCount: 4,
  trajectoryId: null,
  scopeId: null,
  sequence: 1,
  score: 1.25,
  signals: { lexical: 1.25 },
}
const window = {
  windowId: 'ab12',
  text: '- [2026-05-04 09:00 user] Stockholm \u001b[2J now.\n',
  messages: null,
  receipt: {
    request: {
      scopeId: null,
      trajectoryId: null,
      query: 'where',
      system: null,
      pins: [],
      budgetTokens: 50,
      format: 'markdown',
    },
    eventSeq: 7,
    at: '2026-05-05T09:00:00.000Z',
    tokenizer: 'o200k_base',
    usedTokens: 24,
    sections: [
      { name: 'frame', tokens: 4, items: 0 },
      { name: 'history', tokens: 0, items: 0 },
      { name: 'retrieved', tokens: 20, items: 1 },
    ],
    totals: { candidates: 2, included: 1, excluded: 1 },
    verdicts: [
      verdict({ id: turnId, verdict: 'included', reason: 'fits', position: 1, signals: { lexical: 1.25, rank: 1 } }),
      verdict({
        id: turnId.replace('0', '1'),
        verdict: 'excluded',
        reason: 'over_budget',
        position: null,
        signals: {},
      }),
    ],
  },
}

test('search sends its words as one query and prints the hits best first, safe for the terminal', async () => {
  const { code, stdout, calls } = await run(['search', 'where', 'we', 'deploy', '--limit', '3'])

  expect(calls).toMatchObject([{ operation: 'memory.search', input: { query: 'where we deploy', limit: 3 } }])
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: ` 1.   1.25  2026-05-04 09:00  turn user  4 tokens  ${turnId}\n    Stockholm \ufffd[2J now. Really.\n`,
  })
})

test('context sends question and options, and prints the text byte for byte where no terminal is', async () => {
  const file = path.join(os.tmpdir(), `caliber-system-${process.pid}.txt`)
  await writeFile(file, 'Be brief.')
  const words = ['context', 'where', 'now', '--budget', '50', '--format', 'xml', '--pin', 'a', '--pin', 'b']
  const { stdout, calls } = await run([...words, '--system', `@${file}`])

  const input = { query: 'where now', budgetTokens: 50, format: 'xml', pins: ['a', 'b'], system: 'Be brief.' }
  expect(calls).toEqual([{ operation: 'context.assemble', input, options: undefined }])
  expect(stdout).toBe(window.text)
})

test('on a terminal a context cannot steer it', async () => {
  expect((await run(['context', 'where'], true)).stdout).toBe(window.text.replace('\u001b', '\ufffd'))
})

test('the receipt lists every candidate with its first words, and adds up', async () => {
  const { stdout } = await run(['context', 'where', '--receipt'])

  expect(stdout.slice(window.text.length)).toBe(`
Receipt ab12

#  verdict  section    tokens  score  reason       when              kind  item
1  in       retrieved      20   1.25  fits         2026-05-04 09:00  turn  Stockholm \ufffd[2J now. Really.
   out      retrieved      20         over_budget  2026-05-04 09:00  turn  11890a5d-ac96-774b-bcce-b302099a8057

24 of 50 tokens (o200k_base): frame 4, retrieved 20 in 1
2 candidates: 1 in, 1 out; memory as of event 7, 2026-05-05 09:00
`)
})

test('under --json the answer is raw, with or without --receipt', async () => {
  for (const words of [
    ['context', 'where', '--json'],
    ['context', 'where', '--json', '--receipt'],
  ]) {
    expect(JSON.parse((await run(words)).stdout)).toEqual(window)
  }
})

test('the verbs of the noun context stay within reach', async () => {
  expect((await run(['context', 'explain', 'ab12'])).calls).toMatchObject([{ operation: 'context.explain' }])
  expect((await run(['context', 'assemble', '--query', 'q', '--format', 'json'])).calls).toMatchObject([
    { operation: 'context.assemble', input: { query: 'q', format: 'json' } },
  ])
  expect((await run(['context', 'help', 'me', 'explain'])).calls).toMatchObject([
    { input: { query: 'help me explain' } },
  ])
})

test('messages are printed one after the other with their role', async () => {
  const messages = [
    { role: 'system', content: 'Memory.' },
    { role: 'user', content: 'Where?' },
  ]
  const { stdout } = await run(['context', 'where', '--format', 'messages'], false, { ...window, text: null, messages })
  expect(stdout).toBe('system:\nMemory.\nuser:\nWhere?\n')
})

async function run(words: readonly string[], outIsTerminal = false, context: unknown = window) {
  const terminal = recordingTerminal({ outIsTerminal })
  const { connect, calls } = recordingConnect((operation) =>
    operation === 'memory.search' ? { items: [hit], eventSeq: 7 } : context,
  )
  const code = await runCommand(words, terminal, connect)
  return { code, stdout: terminal.stdout(), stderr: terminal.stderr(), calls }
}

function verdict(fields: object): object {
  return { kind: 'turn', section: 'retrieved', tokens: 20, at: '2026-05-04T09:00:00.000Z', ...fields }
}
