/** Time calls from other processes: the command line, and a client over HTTP, against a running `caliber up`. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { connect } from '@caliber/client'
import type { Figures } from '../report.ts'
import { median, timedMs } from '../timing.ts'

const program = fileURLToPath(new URL('./surfaces/cli/main.js', import.meta.resolve('caliber')))
const cliCalls = 11
const httpCalls = 300
const warmUpCalls = 50
const longestCallMs = 60_000

interface Served {
  readonly url: string
  readonly key: string
}

/** @param questions asked in turn */
export async function measureServer(
  dataDir: string,
  questions: readonly string[],
  signal: AbortSignal,
  progress: (text: string) => void,
): Promise<Figures> {
  progress('caliber up')
  const up = caliber(['up', '--port', '0', '--show-key'], dataDir, signal)
  try {
    const { url, key } = await announced(up)
    const client = connect({ url, key })
    const ask = async (i: number) => timedMs(() => client.memory.search({ query: questionAt(questions, i), limit: 10 }))
    for (let i = 0; i < warmUpCalls; i += 1) await ask(i)

    progress('calls over HTTP')
    const http: number[] = []
    for (let i = warmUpCalls; i < warmUpCalls + httpCalls; i += 1) http.push(await ask(i))

    progress('calls of the command line')
    const cli: number[] = []
    for (let i = 0; i < cliCalls; i += 1) {
      cli.push(
        await timedMs(() =>
          answered(caliber(['memory', 'search', '--query', questionAt(questions, i)], dataDir, signal)),
        ),
      )
    }
    return { 'cli.callMs': median(cli), 'http.callP50Ms': median(http) }
  } finally {
    await ended(up)
  }
}

function caliber(words: readonly string[], dataDir: string, signal: AbortSignal): ChildProcess {
  return spawn(process.execPath, [program, ...words, '--json', '--data-dir', dataDir], {
    stdio: ['ignore', 'pipe', 2],
    signal: AbortSignal.any([signal, AbortSignal.timeout(longestCallMs)]),
  }).on('error', () => {}) // An abort; the exit that follows is what is looked at.
}

async function announced(up: ChildProcess): Promise<Served> {
  if (up.stdout) for await (const line of createInterface(up.stdout)) return JSON.parse(line) as Served
  throw new Error('`caliber up` ended before it said where it serves.')
}

async function answered(call: ChildProcess): Promise<void> {
  call.stdout?.resume()
  const [code] = await once(call, 'exit')
  if (code !== 0) throw new Error(`\`caliber memory search\` ended with ${code}.`)
}

async function ended(up: ChildProcess): Promise<void> {
  if (up.exitCode !== null || up.signalCode !== null) return
  const exit = once(up, 'exit')
  up.kill('SIGTERM')
  await exit
}

const questionAt = (questions: readonly string[], i: number): string => questions[i % questions.length] ?? ''
