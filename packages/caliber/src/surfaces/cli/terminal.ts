/** Where a command reads and writes, and what a person there can see. Tests pass one that records. */
import { styleText } from 'node:util'

export interface Terminal {
  /** Standard output: what was asked for. */
  out(text: string): void
  /** Standard error: what went wrong, hints, progress. */
  err(text: string): void
  readonly stdin: AsyncIterable<Uint8Array>
  /** A person reads standard output. */
  readonly outIsTerminal: boolean
  /** A person reads standard error. */
  readonly errIsTerminal: boolean
  /** Characters in a line of output. */
  readonly width: number
  /** Style text, or leave it alone where colours are not wanted. */
  style(style: Style, text: string): string
  /** Show causes and stacks of errors. */
  readonly debug: boolean
}

export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan'

/** What is not a terminal has no width of its own. */
const plainWidth = 120

/** The terminal of this process. A reader of standard output who leaves (`| head`) ends the output, not the command. */
export function processTerminal(): Terminal {
  const { stdin, stdout, stderr, env } = process
  const outIsTerminal = stdout.isTTY === true
  const colours = outIsTerminal && !isSet(env['NO_COLOR']) && env['TERM'] !== 'dumb'
  let readerGone = false
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    readerGone = true
  })
  stderr.on('error', () => {})
  return {
    out: (text) => {
      if (!readerGone) stdout.write(text)
    },
    err: (text) => void stderr.write(text),
    stdin,
    outIsTerminal,
    errIsTerminal: stderr.isTTY === true,
    width: outIsTerminal ? Math.max(40, stdout.columns || plainWidth) : plainWidth,
    // NO_COLOR and terminals are our decision, so styleText must not decide again.
    style: (style, text) => (colours ? styleText(style, text, { validateStream: false }) : text),
    debug: isSet(env['CALIBER_DEBUG']) && env['CALIBER_DEBUG'] !== '0',
  }
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== ''
}
