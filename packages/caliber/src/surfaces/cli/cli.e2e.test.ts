/** The built program on a real embedded memory: what a person types, what a script reads, what a crash leaves. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const program = fileURLToPath(new URL('../../../dist/surfaces/cli/main.js', import.meta.url))
const sample = fileURLToPath(new URL('../../../../../examples/data/harbor.jsonl', import.meta.url))
const sampleTurns = 440

let root: string
const children = new Set<ChildProcess>()

beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'caliber-cli-'))
})
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await rm(root, { recursive: true, force: true })
})

describe('while caliber up runs', () => {
  let up: Running
  let served: { url: string; key: string; pid: number; dataDir: string }
  const dataDir = () => path.join(root, 'served')
  const caliber = (...words: string[]) => run([...words, '--data-dir', dataDir()])

  beforeAll(async () => {
    up = start(['up', '--port', '0', '--json', '--show-key', '--data-dir', dataDir()])
    served = JSON.parse(await up.firstLine)
  })

  test('importing twice adds nothing the second time', async () => {
    const first = await caliber('import', sample)
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toContain(`${sampleTurns} turns added, 0 present before`)

    const second = JSON.parse((await caliber('import', sample, '--json')).stdout)
    expect(second.totals).toMatchObject({ files: 1, turnsAdded: 0, turnsPresent: sampleTurns, malformedCount: 0 })
    expect(second.files).toMatchObject([{ file: sample, source: 'harbor.jsonl', format: 'plain', turnsAdded: 0 }])
  })

  test('search and context answer from what was imported, and the receipt adds up', async () => {
    expect((await caliber('search', 'rate', 'limit', 'per', 'minute')).stdout).toMatch(/from 120 to 90 requests/)

    const question = ['context', 'What', 'is', 'the', 'current', 'rate', 'limit?', '--budget', '400']
    const { stdout } = await caliber(...question, '--receipt')
    expect(stdout).toMatch(/^## Retrieved memory\n- \[2026-/)
    expect(stdout).toMatch(/\nReceipt [0-9a-f]{64}\n/)

    const { text, receipt } = JSON.parse((await caliber(...question, '--json')).stdout)
    expect(stdout.startsWith(text)).toBe(true)
    expect(receipt.usedTokens).toBeLessThanOrEqual(400)
    expect(receipt.verdicts).toHaveLength(receipt.totals.candidates)
  })

  test('a record that is made can be listed, retracted once, and not twice', async () => {
    const made = await caliber('note', 'record', '--subject', 'tabs', '--content', 'Two spaces.', '--json')
    const { noteId } = JSON.parse(made.stdout)
    expect((await caliber('note', 'list')).stdout).toContain('Two spaces.')
    expect(await caliber('note', 'retract', noteId, '--reason', 'misheard')).toMatchObject({ code: 0 })
    expect(await caliber('note', 'retract', noteId, '--reason', 'misheard')).toMatchObject({
      code: 6,
      stdout: '',
      stderr: expect.stringMatching(/^caliber: note .* is retracted/),
    })
  })

  test('errors have the exit code of their kind and no stack', async () => {
    const nowhere = '01890a5d-ac96-774b-bcce-b302099a8057'
    expect(await caliber('note', 'get', nowhere)).toMatchObject({ code: 5, stderr: expect.stringContaining(nowhere) })
    expect(await caliber('note', 'get', 'x')).toMatchObject({
      code: 2,
      stderr: 'caliber: note.get: noteId: Invalid UUID.\n',
    })
    expect(await caliber('context', 'x', '--budget', '1')).toMatchObject({ code: 7 })
    const { code, stdout, stderr } = await caliber('scope', 'get', nowhere, '--json')
    expect({ code, stdout }).toEqual({ code: 5, stdout: '' })
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'not_found' } })
  })

  test('a second up says who serves the directory, and where', async () => {
    const { code, stderr } = await caliber('up')
    expect(code).toBe(6)
    expect(stderr).toContain(`process ${served.pid}`)
    expect(stderr).toContain(served.url)
  })

  test('with --url and a key no directory is opened', async () => {
    const environment = { CALIBER_URL: served.url, CALIBER_KEY: served.key, HOME: path.join(root, 'home') }
    expect(await run(['search', 'kiosk', '--limit', '1'], environment)).toMatchObject({ code: 0, stderr: '' })
    await expect(stat(path.join(root, 'home', '.caliber'))).rejects.toThrow('ENOENT')
    expect(await run(['note', 'list'], { ...environment, CALIBER_KEY: 'cal_x' })).toMatchObject({ code: 4 })
    expect(await run(['note', 'list'], { ...environment, CALIBER_KEY: '' })).toMatchObject({ code: 4 })
  })

  test('doctor and verify find nothing wrong', async () => {
    expect(await caliber('doctor')).toMatchObject({ code: 0, stdout: expect.stringContaining(served.url) })
    expect(await caliber('verify')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^ok {2}checked 440 turns/),
    })
  })

  test('a reader who leaves ends nothing but the output', async () => {
    const child = start(['event', 'since', '--limit', '1000', '--json', '--data-dir', dataDir()])
    child.process.stdout?.destroy()
    expect(await child.ended).toMatchObject({ code: 0, stderr: '' })
  })

  test('mcp over standard input reaches the same memory and ends with its client', async () => {
    const child = start(['mcp', '--data-dir', dataDir()])
    const hello = {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'test', version: '1' },
    }
    child.process.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: hello })}\n`)
    expect(JSON.parse(await child.firstLine)).toMatchObject({ id: 1, result: { serverInfo: { name: 'caliber' } } })
    child.process.stdin?.end()
    expect(await child.ended).toMatchObject({ code: 0 })
  })

  test('SIGTERM ends it in order, and the next command finds everything', async () => {
    up.process.kill('SIGTERM')
    expect(await up.ended).toMatchObject({ code: 0 })
    expect((await caliber('verify')).stdout).toMatch(/^ok {2}checked 440 turns/)
  })
})

test('malformed lines are named and skipped, or end the file where asked to', async () => {
  const dataDir = path.join(root, 'malformed')
  const file = path.join(root, 'bad.jsonl')
  const turn = (at: string) => `{"role":"user","content":"said","at":"2026-05-04T09:${at}:00Z"}\n`
  await writeFile(file, `${turn('01')}not json\n${turn('02')}`)

  const missing = path.join(root, 'missing.jsonl')
  const stopped = await run(['import', missing, file, '--on-malformed', 'stop', '--data-dir', dataDir])
  expect(stopped.code).toBe(2)
  expect(stopped.stderr).toContain(`There is no file ${missing}.`)
  expect(stopped.stderr).toContain(`${file}:2: Expected one JSON value`)
  expect(stopped.stdout).toContain('1 turns added')

  const skipped = await run(['import', file, '--json', '--data-dir', dataDir])
  expect(skipped).toMatchObject({ code: 0, stderr: expect.stringContaining(`${file}:2: `) })
  expect(JSON.parse(skipped.stdout)).toMatchObject({
    files: [{ turnsAdded: 1, turnsPresent: 1, malformedCount: 1, malformed: [{ line: 2 }], stoppedAtLine: null }],
    totals: { turnsAdded: 1, turnsPresent: 1 },
  })
})

test('an import that is killed and repeated ends as one that was not', async () => {
  const file = path.join(root, 'long.jsonl')
  const turns = 20_000
  await writeFile(file, longTranscript(turns))
  const dataDir = path.join(root, 'killed')
  const seen = async () => {
    const { stdout } = await run(['verify', '--json', '--data-dir', dataDir])
    return JSON.parse(stdout)
  }

  const child = start(['import', file, '--data-dir', dataDir])
  await untilListed(dataDir, child)
  child.process.kill('SIGKILL')
  await child.ended
  const { ok, checked } = await seen()
  expect(ok).toBe(true)
  expect(checked.turns).toBeGreaterThan(0)
  expect(checked.turns).toBeLessThan(turns)

  const { totals } = JSON.parse((await run(['import', file, '--json', '--data-dir', dataDir])).stdout)
  expect(totals).toMatchObject({ turnsAdded: turns - checked.turns, turnsPresent: checked.turns })
  expect(await seen()).toMatchObject({ ok: true, checked: { turns } })
})

test('up refuses a port that is taken when it was asked for', async () => {
  const blocker = net.createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  const address = blocker.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const dataDir = path.join(root, 'malformed')
  try {
    expect(await run(['up', '--port', String(port), '--data-dir', dataDir])).toMatchObject({
      code: 6,
      stderr: expect.stringContaining(`127.0.0.1:${port} is taken`),
    })
  } finally {
    blocker.close()
  }
})

interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Running {
  readonly process: ChildProcess
  readonly firstLine: Promise<string>
  readonly ended: Promise<Result>
}

function start(words: readonly string[], environment: NodeJS.ProcessEnv = {}): Running {
  const { CALIBER_URL: _, CALIBER_DATA_DIR: __, DATABASE_URL: ___, ...inherited } = process.env
  const child = spawn(process.execPath, [program, ...words], { env: { ...inherited, ...environment } })
  children.add(child)
  let stdout = ''
  let stderr = ''
  const firstLine = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (piece: Buffer) => {
      stdout += piece.toString()
      if (stdout.includes('\n')) resolve(stdout.slice(0, stdout.indexOf('\n')))
    })
    child.once('exit', () => reject(new Error(`ended without a line: ${stderr}`)))
  })
  firstLine.catch(() => {})
  child.stderr.on('data', (piece: Buffer) => (stderr += piece.toString()))
  child.stdin.on('error', () => {})
  const ended = once(child, 'close').then(([code]): Result => {
    children.delete(child)
    return { code: typeof code === 'number' ? code : null, stdout, stderr }
  })
  return { process: child, firstLine, ended }
}

function run(words: readonly string[], environment?: NodeJS.ProcessEnv): Promise<Result> {
  const child = start(words, environment)
  child.process.stdin?.end()
  return child.ended
}

/** Attach to the importing process until it has committed a chunk. */
async function untilListed(dataDir: string, importing: Running): Promise<void> {
  for (;;) {
    if (importing.process.exitCode !== null) throw new Error('The import ended before it could be killed.')
    const found = await stat(path.join(dataDir, 'caliber.sock')).catch(() => undefined)
    if (found) {
      const { stdout } = await run(['trajectory', 'list', '--json', '--data-dir', dataDir])
      if (stdout.includes('long.jsonl')) return
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function longTranscript(turns: number): string {
  const lines = Array.from({ length: turns }, (_, i) =>
    JSON.stringify({
      id: `t${i}`,
      session: `s${Math.floor(i / 1000)}`,
      role: i % 2 === 0 ? 'user' : 'assistant',
      content: `Turn ${i}: ${'the kiosk at the terminal asks for the sailings of tomorrow '.repeat(5)}`,
      at: new Date(1_770_000_000_000 + i * 1000).toISOString(),
    }),
  )
  return `${lines.join('\n')}\n`
}
