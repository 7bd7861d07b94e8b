import type { MemoryVerifyOutput } from '@caliber/client'
import { table } from './table.ts'
import type { Terminal } from './terminal.ts'

/** What was checked, and what is wrong with which id. */
export function printedVerification(
  { ok, checked, problemCount, problems }: MemoryVerifyOutput,
  terminal: Terminal,
): string {
  const { turns, artifactRevisions, notes, events, scopes } = checked
  const seen = `${turns} turns, ${artifactRevisions} artifact revisions, ${notes} notes, ${events} events, ${scopes} scopes`
  if (ok) return `${terminal.style('green', 'ok')}  checked ${seen}\n`
  const listed = table(
    [{ title: 'id' }, { title: 'problem', grows: true }],
    problems.map(({ what, id }) => [id, what]),
    terminal,
  )
  const more = problemCount > problems.length ? `… and ${problemCount - problems.length} more\n` : ''
  return `${terminal.style('red', `${problemCount} problems`)}  checked ${seen}\n\n${listed}${more}`
}
