/** What came of an import: said to people file by file, reported to programs at the end. */
import { errorTable } from '../../domain/errors.ts'
import { type Failure, reportFailure } from './exit.ts'
import type { Globals } from './globalOptions.ts'
import type { ImportSummary } from './importFile.ts'
import { exitCodeOf } from './interrupt.ts'
import type { Terminal } from './terminal.ts'
import { visible } from './visible.ts'

export type Outcome =
  | { readonly file: string; readonly summary: ImportSummary }
  | { readonly file: string; readonly failure: Failure }

/** Bad lines and errors go to standard error, the result of a file to standard output. */
export function say(outcome: Outcome, terminal: Terminal, { json, quiet }: Globals): void {
  const { file } = outcome
  if ('failure' in outcome) {
    const { failure } = outcome
    reportFailure(failure, terminal, json, failure.message.includes(file) ? undefined : file)
    return
  }
  const { malformed, malformedCount, stoppedAtLine } = outcome.summary
  for (const { line, message } of malformed) terminal.err(`${visible(`${file}:${line}: ${message}`)}\n`)
  if (malformedCount > malformed.length) {
    terminal.err(`${visible(file)}: ${malformedCount - malformed.length} more malformed lines are not listed\n`)
  }
  if (stoppedAtLine !== null) {
    terminal.err(`${visible(file)}: stopped at line ${stoppedAtLine}; what stands before it is imported\n`)
  }
  if (!json && !quiet) terminal.out(resultLine(file, outcome.summary, terminal))
}

/** The summary for programs. */
export function report(outcomes: readonly Outcome[], signal: NodeJS.Signals | undefined): object {
  return {
    files: outcomes.flatMap((outcome) => ('summary' in outcome ? [{ file: outcome.file, ...outcome.summary }] : [])),
    failed: outcomes.flatMap((outcome) =>
      'failure' in outcome ? [{ file: outcome.file, error: outcome.failure }] : [],
    ),
    interrupted: signal !== undefined,
    totals: totalsOf(outcomes),
  }
}

/** All files in one line, for people. */
export function totalLine(outcomes: readonly Outcome[]): string {
  const { files, turnsAdded, turnsPresent } = totalsOf(outcomes)
  return `${files} of ${outcomes.length} files: ${turnsAdded} turns added, ${turnsPresent} present before\n`
}

/** A failure counts first, then a stop at a malformed line, then a signal. */
export function exitCodeFor(outcomes: readonly Outcome[], signal: NodeJS.Signals | undefined): number {
  for (const outcome of outcomes) if ('failure' in outcome) return errorTable[outcome.failure.code].exit
  const stopped = outcomes.some((outcome) => 'summary' in outcome && outcome.summary.stoppedAtLine !== null)
  if (stopped) return errorTable.invalid_input.exit
  return signal === undefined ? 0 : exitCodeOf(signal)
}

function resultLine(file: string, summary: ImportSummary, terminal: Terminal): string {
  const { turnsAdded, turnsPresent, ignored, repaired, malformedCount, format, trajectoryId } = summary
  const parts = [
    `${turnsAdded} turns added`,
    `${turnsPresent} present before`,
    ...(ignored > 0 ? [`${ignored} records without a turn`] : []),
    ...(repaired > 0 ? [`${repaired} characters replaced`] : []),
    ...(malformedCount > 0 ? [`${malformedCount} malformed lines`] : []),
  ]
  const where = trajectoryId === null ? '' : terminal.style('dim', `  trajectory ${trajectoryId}`)
  return `${visible(file)} (${format ?? 'empty'}): ${parts.join(', ')}${where}\n`
}

interface Totals {
  readonly files: number
  readonly turnsAdded: number
  readonly turnsPresent: number
  readonly ignored: number
  readonly repaired: number
  readonly malformedCount: number
}

function totalsOf(outcomes: readonly Outcome[]): Totals {
  const summaries = outcomes.flatMap((outcome) => ('summary' in outcome ? [outcome.summary] : []))
  const total = (name: Exclude<keyof Totals, 'files'>) => summaries.reduce((sum, summary) => sum + summary[name], 0)
  return {
    files: summaries.length,
    turnsAdded: total('turnsAdded'),
    turnsPresent: total('turnsPresent'),
    ignored: total('ignored'),
    repaired: total('repaired'),
    malformedCount: total('malformedCount'),
  }
}
