import { type ContextWindow, clientOver, type Transport } from '@caliber/client'
import { limits } from '../../domain/limits.ts'

const wordsChars = 120

/**
 * Look up the first words of the candidates that a receipt names by id alone: the scope's turns, the same search again,
 * the live notes. Of search and notes one page is read; what lies beyond it stays without words.
 */
export async function itemWords(
  { receipt }: ContextWindow,
  transport: Transport,
): Promise<ReadonlyMap<string, string>> {
  const { request, verdicts, eventSeq } = receipt
  const client = clientOver(transport)
  const words = new Map<string, string>()
  const missing = (section: string) => verdicts.some((verdict) => verdict.section === section && !words.has(verdict.id))

  if (request.scopeId !== null) {
    let afterSequence: number | null = 0
    while (afterSequence !== null && missing('history')) {
      const page: Page = await client.turn.list({ scopeId: request.scopeId, afterSequence, limit: limits.pageItems })
      for (const { turnId, content } of page.items) words.set(turnId, content.slice(0, wordsChars))
      afterSequence = page.next
    }
  }
  if (request.query !== null && missing('retrieved')) {
    const { items } = await client.memory.search({
      query: request.query,
      limit: Math.min(limits.searchResults, Math.max(1, ...verdicts.map(({ signals }) => signals.rank ?? 0))),
      atLeastSeq: eventSeq,
      ...(request.trajectoryId !== null && { trajectoryId: request.trajectoryId }),
    })
    for (const { id, text } of items) words.set(id, text.slice(0, wordsChars))
  }
  if (verdicts.some(({ id, kind }) => kind === 'note' && !words.has(id))) {
    const { items } = await client.note.list({ limit: limits.pageItems })
    for (const { noteId, subject, content } of items) words.set(noteId, `${subject}: ${content}`.slice(0, wordsChars))
  }
  return words
}

interface Page {
  readonly items: readonly { readonly turnId: string; readonly content: string }[]
  readonly next: number | null
}
