import type { Command } from 'commander'
import { addCommand, printAnswer, type Setting, withConnection } from './command.ts'
import { definedFields } from './definedFields.ts'
import { usageError } from './exit.ts'
import { globalsOf } from './globalOptions.ts'
import { wholeNumber } from './operationFields.ts'
import { printedAnswer } from './printedAnswer.ts'

/** `caliber search WORDS…`: memory.search for people. */
export function addSearchCommand(program: Command, setting: Setting): void {
  const command = addCommand(program, 'search', 'Search turns, artifacts and notes by words; best first.')
    .argument('<words...>', 'what to search for; no quotes needed')
    .option('-n, --limit <integer>', 'how many items at most (default: 10)', wholeNumber)
    .option('--trajectory-id <id>', 'search in this trajectory alone')
    .option('--scope-id <id>', 'search in this scope alone')
    .option('--since <time>', 'said or recorded at this moment or later, such as 2026-05-01T12:00:00Z')
    .option('--until <time>', 'said or recorded before this moment')
    .addHelpText('after', '\nExample:\n  caliber search where do we deploy --limit 5')
  command.action(async (words: readonly string[], options: Readonly<Record<string, unknown>>) => {
    const query = words.join(' ').trim()
    if (query === '') throw usageError('Say what to search for: caliber search where do we deploy')
    const { limit, trajectoryId, scopeId, since, until } = options
    const input = { query, limit, trajectoryId, scopeId, since, until }
    const globals = globalsOf(command)
    const answer = await withConnection(setting, globals, ({ transport }) =>
      transport.call('memory.search', definedFields(input)),
    )
    printAnswer(answer, globals, setting.terminal, (terminal) => printedAnswer('memory.search', answer, terminal))
  })
}
