/** The options that every command takes, before or after its name, and the environment that stands in for them. */
import { type Command, Option } from 'commander'
import type { Tier } from '../../local/tier.ts'
import { usageError } from './exit.ts'

/** Which memory a command works on, and how it speaks. */
export interface Globals {
  readonly dataDir: string | undefined
  readonly tier: Tier | undefined
  readonly databaseUrl: string | undefined
  /** A server to call instead of opening a directory. */
  readonly url: string | undefined
  readonly json: boolean
  readonly quiet: boolean
}

export const environmentHelp = `
Environment:
  CALIBER_DATA_DIR  where the data lives, in place of --data-dir
  DATABASE_URL      postgres:// URL of your server, in place of --database-url
  CALIBER_URL       a running Caliber to call, in place of --url
  CALIBER_AUTH_FILE whose tokens the owner of the directory takes, in place of auth.json in it
  CALIBER_LOG       what the owner logs to standard error: error (default), warn, info
  CALIBER_KEY       the API key for --url; there is no option for it, because other users can read command lines
  CALIBER_EMBEDDER_URL, _MODEL, _DIMENSIONS, _KEY
                    an embedding model that speaks OpenAI's interface, for search by meaning, such as
                    http://127.0.0.1:11434/v1; used by the owner of the directory. CALIBER_EMBEDDER_MODEL=local
                    without a URL: a small one in the process, from two packages (README)
  CALIBER_EMBEDDER_PREVIOUS_URL, …
                    the model before that one; it serves until the new one is done
  NO_COLOR          set to anything: no colours
  CALIBER_DEBUG     1: show stack and cause of an error`

/** Add the options. @param shown list them in this command's help */
export function addGlobalOptions(command: Command, shown: boolean): Command {
  for (const option of globalOptions()) command.addOption(shown ? option : option.hideHelp())
  return command
}

function globalOptions(): readonly Option[] {
  const group = 'Options of every command:'
  return [
    new Option('--data-dir <directory>', 'where the data lives (default: ~/.caliber)'),
    new Option('--tier <tier>', 'the database: embedded, bundled native Postgres, or your server').choices([
      'embedded',
      'native',
      'server',
    ]),
    new Option('--database-url <url>', 'postgres:// URL of your own server'),
    new Option('--url <url>', 'call a running Caliber there, with the key in CALIBER_KEY; no directory is opened'),
    new Option('--json', 'print the answer as one line of JSON'),
    new Option('-q, --quiet', 'no progress, no hints'),
  ].map((option) => option.helpGroup(group))
}

/** Read the options of a command and of those above it. @throws CaliberError `invalid_input` for two memories at once */
export function globalsOf(command: Command, environment: NodeJS.ProcessEnv = process.env): Globals {
  const given: Readonly<Record<string, unknown>> = command.optsWithGlobals()
  const text = (name: string) => (typeof given[name] === 'string' ? given[name] : undefined)
  const dataDir = text('dataDir')
  const databaseUrl = text('databaseUrl')
  const tier = tierOf(given['tier'])
  const isLocal = dataDir !== undefined || databaseUrl !== undefined || tier !== undefined
  if (text('url') !== undefined && isLocal) {
    throw usageError('--url calls a server, the other options open a memory here. Give one or the other.')
  }
  return {
    dataDir,
    tier,
    databaseUrl,
    url: text('url') ?? (isLocal ? undefined : nonEmpty(environment['CALIBER_URL'])),
    json: given['json'] === true,
    quiet: given['quiet'] === true,
  }
}

function tierOf(value: unknown): Tier | undefined {
  return value === 'embedded' || value === 'native' || value === 'server' ? value : undefined
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
