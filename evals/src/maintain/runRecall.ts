/**
 * An agent that writes down what it recalled: each window goes into its prompt, which is kept as a turn, the best item becomes its
 * answer, and every fact that it reads there is offered as something new. Nothing of that may become memory once more.
 */
import type { Caliber } from 'caliber'
import type { Figures } from 'caliber-bench/report'
import type { Conversation } from '../locomo/data.ts'
import { withFreshMemory } from '../withCaliber.ts'
import { liveNotes } from './liveNotes.ts'
import { remember } from './remember.ts'

const questions = 40

/** Each conversation in a memory of its own. */
export async function runRecall(conversations: readonly Conversation[]): Promise<Figures> {
  const sum = { turns: 0, offered: 0, notes: 0, found: 0 }
  for (const conversation of conversations) {
    const { turns, offered, notes, found } = await withFreshMemory({}, (caliber) => writeDown(caliber, conversation))
    sum.turns += turns
    sum.offered += offered
    sum.notes += notes
    sum.found += found
  }
  return {
    'recall.turns': sum.turns,
    'recall.offered': sum.offered,
    'recall.notes': sum.notes,
    'recall.found': sum.found,
    'recall.reextracted': sum.notes + sum.found,
  }
}

/** @returns turns written, facts offered, and what became memory: notes, and turns found by what they repeat */
async function writeDown(caliber: Caliber, conversation: Conversation) {
  await remember(caliber, conversation, [])
  const notesBefore = (await liveNotes(caliber)).length
  const { trajectoryId } = await caliber.trajectory.start({ name: 'recall' })
  const { scopeId } = await caliber.scope.open({ trajectoryId, name: 'recall' })
  const recalled: string[] = []
  const written = new Set<string>()
  let offered = 0
  for (const { text: query } of conversation.facts.slice(0, questions)) {
    const { text: prompt } = await caliber.context.assemble({ query, budgetTokens: 1_000 })
    if (prompt === null) throw new Error('no window of text')
    const { items } = await caliber.memory.search({ query, limit: 1 })
    const answer = items[0]?.text ?? ''
    recalled.push(answer)
    const said = [
      { role: 'user' as const, content: prompt },
      { role: 'assistant' as const, content: answer },
    ]
    const { turns } = await caliber.turn.append({ scopeId, turns: said })
    for (const { turnId } of turns) written.add(turnId)
    const read = conversation.facts.filter(({ text }) => prompt.includes(text))
    const sources = turns.map(({ turnId }) => ({ kind: 'turn' as const, id: turnId }))
    for (const { subject, text } of read) await caliber.note.record({ subject, content: text, sources })
    offered += read.length
  }
  let found = 0
  for (const query of recalled) {
    const { items } = await caliber.memory.search({ query, limit: 10 })
    found += items.filter(({ id }) => written.has(id)).length
  }
  return { turns: written.size, offered, notes: (await liveNotes(caliber)).length - notesBefore, found }
}
