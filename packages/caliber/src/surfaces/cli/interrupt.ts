/** Ctrl-C and its kin, for commands that end in order. */
import { constants } from 'node:os'

export interface Interrupt {
  /** The first signal that came. */
  readonly signal: NodeJS.Signals | undefined
  /** Settles when one comes. */
  readonly came: Promise<NodeJS.Signals>
  /** Give the signals their usual meaning back. */
  release(): void
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Listen for a signal to stop. The first one asks; a second one ends the process at once. */
export function onInterrupt(): Interrupt {
  let first: NodeJS.Signals | undefined
  let tell: (signal: NodeJS.Signals) => void
  const came = new Promise<NodeJS.Signals>((resolve) => {
    tell = resolve
  })
  const hear = (signal: NodeJS.Signals) => {
    if (first !== undefined) process.exit(exitCodeOf(signal))
    first = signal
    tell(signal)
  }
  for (const signal of signals) process.on(signal, hear)
  return {
    get signal() {
      return first
    },
    came,
    release() {
      for (const signal of signals) process.off(signal, hear)
    },
  }
}

/** What a shell reports of a process that ended by a signal. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}
