import type { ContextWindow } from '@caliber/client'
import { minute } from './print.ts'
import { table } from './table.ts'
import type { Terminal } from './terminal.ts'

/**
 * The receipt of a context: a line per candidate, in the order of the receipt, and the totals.
 *
 * @param words first words of items by id; an item that is missing gets its id instead
 */
export function printedReceipt(
  { windowId, receipt }: ContextWindow,
  words: ReadonlyMap<string, string>,
  terminal: Terminal,
): string {
  const { verdicts, sections, totals, usedTokens, request, tokenizer, eventSeq, at } = receipt
  const rows = verdicts.map((verdict) => [
    verdict.position === null ? '' : String(verdict.position),
    verdict.verdict === 'included' ? 'in' : 'out',
    verdict.section,
    String(verdict.tokens),
    (verdict.signals.fused ?? verdict.signals.lexical)?.toFixed(2) ?? '',
    verdict.reason,
    minute(verdict.at),
    verdict.kind,
    verdict.kind === 'summary' ? 'what left the history, in short' : (words.get(verdict.id) ?? verdict.id),
  ])
  const columns = [
    { title: '#', align: 'right' },
    { title: 'verdict' },
    { title: 'section' },
    { title: 'tokens', align: 'right' },
    { title: 'score', align: 'right' },
    { title: 'reason' },
    { title: 'when' },
    { title: 'kind' },
    { title: 'item', grows: true },
  ] as const
  const spent = sections
    .filter(({ tokens }) => tokens > 0)
    .map(({ name, tokens, items }) => `${name} ${tokens}${items > 0 ? ` in ${items}` : ''}`)
  return [
    terminal.style('bold', `Receipt ${windowId}`),
    '',
    verdicts.length === 0 ? 'no candidates' : table(columns, rows, terminal).trimEnd(),
    '',
    `${usedTokens} of ${request.budgetTokens} tokens (${tokenizer}): ${spent.length === 0 ? 'nothing' : spent.join(', ')}`,
    `${totals.candidates} candidates: ${totals.included} in, ${totals.excluded} out; memory as of event ${eventSeq}, ${minute(at)}`,
  ]
    .map((line) => `${line}\n`)
    .join('')
}
