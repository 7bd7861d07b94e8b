/** What a command of this repository was asked to do. */
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { wholeNumber } from './wholeNumber.ts'

interface Words<Count extends string, Text extends string, Flag extends string> {
  /** Whole numbers from 1, by name, with their defaults. */
  readonly counts: Readonly<Record<Count, number>>
  /** Texts with their defaults; '' where there is none. */
  readonly texts?: Readonly<Record<Text, string>>
  /** Off unless given. */
  readonly flags: readonly Flag[]
}

const largest = 2 ** 31

/**
 * Read a command's options. `--help` prints the usage and ends the process; what is unknown or has no sense is said,
 * with the usage, and ends it with status 2.
 */
export function commandWords<Count extends string, Flag extends string, Text extends string = never>(
  usage: string,
  words: Words<Count, Text, Flag>,
): Record<Count, number> & Record<Text, string> & Record<Flag, boolean> {
  try {
    const values = parsed(words)
    if (values['help'] === true) {
      console.log(usage)
      process.exit(0)
    }
    const counts = Object.keys(words.counts).map((name) => [
      name,
      wholeNumber(`--${name}`, String(values[name]), largest),
    ])
    // What parseArgs returns has exactly the names that it was given.
    return { ...values, ...Object.fromEntries(counts) } as never
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    console.error(`${error.message}\n\n${usage}`)
    process.exit(2)
  }
}

function parsed({ counts, texts, flags }: Words<string, string, string>): Readonly<Record<string, unknown>> {
  const options: NonNullable<ParseArgsConfig['options']> = { help: { type: 'boolean', default: false } }
  for (const [name, value] of Object.entries({ ...counts, ...texts })) {
    options[name] = { type: 'string', default: `${value}` }
  }
  for (const name of flags) options[name] = { type: 'boolean', default: false }
  return parseArgs({ options }).values
}
