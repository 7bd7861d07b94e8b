/** Programs that a test runs: with no memory named in their environment, heard line by line, gone when the test ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** One line of a program's standard output, read as JSON. */
export type Said = Readonly<Record<string, unknown>>

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

export interface Program {
  readonly pid: number
  readonly ended: Promise<Ended>
  /** What it said until now. */
  readonly heard: readonly Said[]
  /** Write a line to its standard input. */
  tell(line: string): void
  /** Wait until it has said something that fits, now or before. @throws Error when it ends first, or after `withinMs` */
  hears(fits: (said: Said) => boolean, withinMs?: number): Promise<Said>
  end(signal?: NodeJS.Signals): Promise<Ended>
}

/** The built command line. */
export const cliFile = fileURLToPath(new URL('../../packages/caliber/dist/surfaces/cli/main.js', import.meta.url))

/** A program beside the tests. */
export function besideTests(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}

const running = new Set<ChildProcess>()

/** Start a Node program. */
export function startProgram(file: string, words: readonly string[], environment: NodeJS.ProcessEnv = {}): Program {
  const child = spawn(process.execPath, [file, ...words], { env: { ...namelessEnvironment(), ...environment } })
  running.add(child)
  const heard: Said[] = []
  const waiting = new Set<() => void>()
  let stdout = ''
  let stderr = ''
  child.stdin.on('error', () => {})
  child.stderr.on('data', (piece: Buffer) => (stderr += piece.toString()))
  createInterface(child.stdout).on('line', (line) => {
    stdout += `${line}\n`
    const said = readSaid(line)
    if (said) heard.push(said)
    for (const look of waiting) look()
  })
  const ended = once(child, 'close').then(([code, signal]): Ended => {
    running.delete(child)
    return {
      code: typeof code === 'number' ? code : null,
      signal: typeof signal === 'string' ? signal : null,
      stdout,
      stderr,
    }
  })
  return {
    pid: child.pid ?? 0,
    ended,
    heard,
    tell: (line) => void child.stdin.write(`${line}\n`),
    hears(fits, withinMs = 30_000) {
      return new Promise((resolve, reject) => {
        const settle = (act: () => void) => {
          waiting.delete(look)
          clearTimeout(late)
          act()
        }
        const look = () => {
          const found = heard.find(fits)
          if (found) settle(() => resolve(found))
        }
        const late = setTimeout(
          () =>
            settle(() => reject(new Error(`not heard within ${withinMs} ms; so far: ${stdout.slice(-500)}${stderr}`))),
          withinMs,
        )
        waiting.add(look)
        void ended.then(({ code, signal }) => {
          look()
          settle(() => reject(new Error(`ended (${code ?? signal}) before it said it: ${stdout.slice(-500)}${stderr}`)))
        })
        look()
      })
    },
    end(signal = 'SIGKILL') {
      child.kill(signal)
      return ended
    },
  }
}

/** Run a Node program to its end, with nothing on its standard input. */
export function runProgram(file: string, words: readonly string[], environment?: NodeJS.ProcessEnv): Promise<Ended> {
  const program = startProgram(file, words, environment)
  program.tell('')
  return program.ended
}

/** For afterEach: end what a failed test left behind. */
export async function endPrograms(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }),
  )
}

function readSaid(line: string): Said | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

function namelessEnvironment(): NodeJS.ProcessEnv {
  const named = /^(CALIBER_|DATABASE_URL$|NODE_OPTIONS$|VITEST)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !named.test(name)))
}
