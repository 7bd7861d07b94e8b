/** The command line as a whole: its commands, its help, and how an error ends it. */
import { Command } from 'commander'
import { contract } from '../../generated/contract.ts'
import { version } from '../../local/version.ts'
import type { Setting } from './command.ts'
import type { Connect } from './connection.ts'
import { addContextCommand } from './contextCommand.ts'
import { addDoctorCommand } from './doctorCommand.ts'
import { reportError } from './exit.ts'
import { addGlobalOptions, environmentHelp } from './globalOptions.ts'
import { addImportCommand } from './importCommand.ts'
import { addMcpCommand } from './mcpCommand.ts'
import { addMigrateCommand } from './migrateCommand.ts'
import { addOperationCommands } from './operationCommands.ts'
import { addSearchCommand } from './searchCommand.ts'
import type { Terminal } from './terminal.ts'
import { addUpCommand } from './upCommand.ts'
import { addVerifyCommand } from './verifyCommand.ts'

/** Run one command line. Prints everything, throws nothing. @returns the exit code */
export async function runCommand(words: readonly string[], terminal: Terminal, connect: Connect): Promise<number> {
  let exitCode = 0
  const setting: Setting = { terminal, connect, setExitCode: (code) => (exitCode = code) }
  try {
    await createProgram(setting).parseAsync([...words], { from: 'user' })
  } catch (error) {
    return reportError(error, terminal, asksForJson(words))
  }
  return exitCode
}

function createProgram(setting: Setting): Command {
  const { terminal } = setting
  const program = new Command('caliber')
    .description('Postgres-native memory for AI agents.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help for a command')
    .usage('<command> [options]')
    // A command's own options may be called like ours (`--version` of an entity), so ours end where its name stands.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      // Said by `reportError`, as every other error.
      outputError: () => {},
      getOutHelpWidth: () => terminal.width,
      getErrHelpWidth: () => terminal.width,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ subcommandTerm: termOf })
  addGlobalOptions(program, true)

  program.commandsGroup('Commands:')
  addUpCommand(program, setting)
  addImportCommand(program, setting)
  addSearchCommand(program, setting)
  addContextCommand(program, setting)
  addMcpCommand(program, setting)
  addVerifyCommand(program, setting)
  addDoctorCommand(program, setting)
  addMigrateCommand(program, setting)
  program.commandsGroup('Operations, as caliber <noun> <verb>:')
  addOperationCommands(program, contract, setting)

  program.addHelpText('after', environmentHelp)
  program.addHelpText('after', examples)
  return program
}

/** A command as it is typed; what its options are, its own help says. */
function termOf(command: Command): string {
  const isNoun = command.usage().startsWith('<verb>')
  return isNoun
    ? command.name()
    : `${command.name()} ${command.usage().replace('[options]', '')}`.replaceAll(/\s+/g, ' ').trim()
}

const examples = `
Examples:
  caliber import ~/.claude/projects/my-project/*.jsonl
  caliber search rate limit
  caliber context What is the current rate limit? --budget 800 --receipt
  caliber note record --type preference --subject 'commit messages' --content 'Present tense.'
  caliber up`

/** Say whether errors are wanted as JSON, before the words are parsed, because parsing them may be what fails. */
export function asksForJson(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  return (end === -1 ? words : words.slice(0, end)).includes('--json')
}
