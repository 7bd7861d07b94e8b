/** What the commands share: how they get at the terminal and the memory, and how an action is wrapped. */
import type { Command } from 'commander'
import type { Connection } from '../../local/connect.ts'
import type { Connect } from './connection.ts'
import { addGlobalOptions, type Globals } from './globalOptions.ts'
import type { Terminal } from './terminal.ts'

/** What a command runs in. */
export interface Setting {
  readonly terminal: Terminal
  readonly connect: Connect
  /** Set the exit code of a command that did its work and has bad news. */
  setExitCode(code: number): void
}

/** Add a command below `parent`, with the options of every command. */
export function addCommand(parent: Command, nameAndArguments: string, summary: string): Command {
  return addGlobalOptions(parent.command(nameAndArguments), false)
    .description(summary)
    .addHelpText(
      'after',
      '\nAlso takes --data-dir, --tier, --database-url, --url, --json and --quiet: see caliber --help.',
    )
}

/** Open the memory, work, and let go of it again, whatever happens. */
export async function withConnection<T>(
  { connect }: Setting,
  globals: Globals,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connect(globals)
  try {
    return await work(connection)
  } finally {
    await connection.close()
  }
}

/** Print an answer: one line of JSON, or what `forPeople` makes of it. */
export function printAnswer(
  answer: unknown,
  { json }: Globals,
  terminal: Terminal,
  forPeople: (terminal: Terminal) => string,
): void {
  terminal.out(json ? `${JSON.stringify(answer)}\n` : forPeople(terminal))
}
