/** How each kind of text looks. What colour says, a word or a mark says too. */
export type Tone = 'plain' | 'quiet' | 'strong' | 'fresh' | 'stale' | 'error' | 'input'

export interface Look {
  readonly color?: string
  readonly bold?: boolean
  readonly dimColor?: boolean
}

export type Theme = Readonly<Record<Tone, Look>>

const COLOURED: Theme = {
  plain: {},
  quiet: { dimColor: true },
  strong: { bold: true },
  fresh: { color: 'green' },
  stale: { color: 'yellow' },
  error: { color: 'red' },
  input: { color: 'cyan' },
}

const PLAIN: Theme = { ...COLOURED, quiet: {}, fresh: {}, stale: {}, error: {}, input: {} }

/** @see https://no-color.org: set and not empty */
export function themeFor(env: NodeJS.ProcessEnv): Theme {
  return (env['NO_COLOR'] ?? '') === '' ? COLOURED : PLAIN
}
