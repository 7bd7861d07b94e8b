/** A terminal made of streams: what is typed goes in, whole frames come out. */
import { EventEmitter, once } from 'node:events'
import { stripVTControlCharacters } from 'node:util'
import { openEntry } from '@caliber/talos/stored'
import { render } from 'ink'
import { createElement } from 'react'
import { Inspector } from '../src/inspector.ts'
import { Screen } from '../src/screen.tsx'
import { themeFor } from '../src/theme.ts'

export interface Paper extends AsyncDisposable {
  /** The frame drawn last, with its escape sequences. */
  readonly raw: string
  readonly frame: string
  /** Type pieces of input, then wait for a frame that shows something. @returns that frame */
  type(pieces: readonly string[], shows: string | RegExp): Promise<string>
  resize(columns: number, rows: number, shows: string | RegExp): Promise<string>
  readonly done: Promise<void>
}

export const KEYS = {
  up: '\u001b[A',
  down: '\u001b[B',
  pageDown: '\u001b[6~',
  enter: '\r',
  escape: '\u001b',
  backspace: '\u007f',
  /** Control-U. */
  clear: '\u0015',
}

export async function openPaper(
  { store, key, module }: { store: string; key: string; module?: string },
  { columns = 100, rows = 20, env = {} }: { columns?: number; rows?: number; env?: NodeJS.ProcessEnv } = {},
): Promise<Paper> {
  const entry = await openEntry({ store, key, module })
  const inspector = await Inspector.open(entry)
  const [stdin, stdout] = [new Typed(), new Drawn(columns, rows)]
  const instance = render(createElement(Screen, { inspector, theme: themeFor(env) }), {
    stdin: stdin as never,
    stdout: stdout as never,
    debug: true,
    patchConsole: false,
  })
  const done = instance.waitUntilExit()
  const frame = () => stripVTControlCharacters(stdout.last)
  const until = async (shows: string | RegExp): Promise<string> => {
    const fits = () => (typeof shows === 'string' ? frame().includes(shows) : shows.test(frame()))
    await inspector.idle()
    while (!fits()) {
      await Promise.race([once(stdout, 'drawn'), patience(() => `${shows} is not in:\n${frame()}`)])
      await inspector.idle()
    }
    return frame()
  }
  return {
    get raw() {
      return stdout.last
    },
    get frame() {
      return frame()
    },
    async type(pieces, shows) {
      for (const piece of pieces) {
        stdin.push(piece)
        // Ink tells a lone escape from the beginning of a sequence by what follows.
        await new Promise((resolve) => setImmediate(resolve))
        await inspector.idle()
      }
      return until(shows)
    },
    async resize(width, height, shows) {
      stdout.columns = width
      stdout.rows = height
      stdout.emit('resize')
      return until(shows)
    },
    done: done.then(() => undefined),
    async [Symbol.asyncDispose]() {
      instance.unmount()
      await done
      entry.close()
    },
  }
}

class Typed extends EventEmitter {
  readonly isTTY = true
  readonly #pieces: string[] = []

  push(piece: string): void {
    this.#pieces.push(piece)
    this.emit('readable')
    this.emit('data', piece)
  }

  read(): string | null {
    return this.#pieces.shift() ?? null
  }

  setEncoding(): void {}
  setRawMode(): void {}
  ref(): void {}
  unref(): void {}
  resume(): void {}
  pause(): void {}
}

class Drawn extends EventEmitter {
  readonly isTTY = true
  columns: number
  rows: number
  last = ''

  constructor(columns: number, rows: number) {
    super()
    this.columns = columns
    this.rows = rows
  }

  write(text: string): boolean {
    this.last = text
    this.emit('drawn')
    return true
  }
}

/** Fails with what is there instead, rather than with a bare timeout. */
function patience(problem: () => string): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(problem())), 20_000).unref()
  })
}
