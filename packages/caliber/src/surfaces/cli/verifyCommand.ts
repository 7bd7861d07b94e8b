import type { Command } from 'commander'
import { addCommand, printAnswer, type Setting, withConnection } from './command.ts'
import { globalsOf } from './globalOptions.ts'
import { outcomeOf, printedAnswer } from './printedAnswer.ts'

const operation = 'memory.verify'

/** `caliber verify`: memory.verify, with the exit code of `integrity` where something is wrong. */
export function addVerifyCommand(program: Command, setting: Setting): void {
  const command = addCommand(program, 'verify', 'Check stored content against its digests, and the log for gaps.')
  command.action(async () => {
    const globals = globalsOf(command)
    const answer = await withConnection(setting, globals, ({ transport }) => transport.call(operation, {}))
    printAnswer(answer, globals, setting.terminal, (terminal) => printedAnswer(operation, answer, terminal))
    setting.setExitCode(outcomeOf(operation, answer))
  })
}
