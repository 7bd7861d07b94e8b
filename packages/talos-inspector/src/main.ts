/** The program: open what the command line names, take over the terminal, give it back. */
import { parseArgs } from 'node:util'
import { ENTRY_OPTIONS, ENTRY_USAGE, openEntry } from '@caliber/talos/stored'
import { render } from 'ink'
import { createElement } from 'react'
import { Inspector } from './inspector.ts'
import { printable } from './printable.ts'
import { Screen } from './screen.tsx'
import { themeFor } from './theme.ts'

/** Where to draw and what to listen to; `process` is one. */
export interface Terminal {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: NodeJS.ProcessEnv
}

const USAGE = `Usage: talos-inspect ${ENTRY_USAGE}
With a module, whose export "graph" has the functions, values can be computed too. Press ? inside for the keys.`

const ENTER_SCREEN = '\u001b[?1049h'
const LEAVE_SCREEN = '\u001b[?1049l'
const SIGNALS = ['SIGTERM', 'SIGHUP'] as const

/** Run one command line until the person quits. @returns the exit code */
export async function main(argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const { values } = parseArgs({ args: [...argv], options: { ...ENTRY_OPTIONS, help: { type: 'boolean' } } })
    if (values.help === true) {
      terminal.stdout.write(`${USAGE}\n`)
      return 0
    }
    const entry = await openEntry(values)
    try {
      const inspector = await Inspector.open(entry)
      if (!terminal.stdin.isTTY || !terminal.stdout.isTTY)
        throw new Error('This needs a terminal. For programs there is the command talos, which prints JSON.')
      return await show(inspector, terminal)
    } finally {
      entry.close()
    }
  } catch (error) {
    terminal.stderr.write(`talos-inspect: ${printable(error instanceof Error ? error.message : String(error))}\n`)
    if (isUsage(error)) terminal.stderr.write(`${USAGE}\n`)
    return 1
  }
}

/**
 * Draw until the person quits or the process is told to end; the terminal is as before afterwards.
 *
 * @returns the exit code: 0, or what is usual for the signal
 */
export async function show(inspector: Inspector, terminal: Terminal): Promise<number> {
  const { stdin, stdout, stderr } = terminal
  stdout.write(ENTER_SCREEN)
  const screen = createElement(Screen, { inspector, theme: themeFor(terminal.env) })
  const instance = render(screen, { stdin, stdout, stderr })
  let exitCode = 0
  const end = (_signal: string, number: number): void => {
    exitCode = 128 + number
    instance.unmount()
  }
  for (const signal of SIGNALS) process.once(signal, end)
  try {
    await instance.waitUntilExit()
    return exitCode
  } finally {
    for (const signal of SIGNALS) process.off(signal, end)
    stdout.write(LEAVE_SCREEN)
  }
}

function isUsage(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error.message.includes('--store') || ('code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')))
  )
}
