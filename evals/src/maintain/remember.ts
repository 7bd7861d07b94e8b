import type { Caliber } from 'caliber'
import type { Conversation } from '../locomo/data.ts'
import { importConversation } from '../locomo/importConversation.ts'
import type { Dialogue, Fact, SaidTurn } from './dialogue.ts'

/** Import a conversation, and record what was learned from it. @param log of what was said before in that memory */
export async function remember(caliber: Caliber, conversation: Conversation, log: SaidTurn[]): Promise<Dialogue> {
  const { trajectoryId, scopes: imported } = await importConversation(caliber, conversation)
  const turnOf = new Map<string, SaidTurn>()
  const scopes = imported.map(({ scopeId, turns }) => ({
    scopeId,
    turns: turns.map(({ unitId, turn: { turnId, sequence, role, content } }) => {
      const said: SaidTurn = { turnId, sequence, role, content, state: 'live' }
      turnOf.set(unitId, said)
      log.push(said)
      return said
    }),
  }))
  const facts: Fact[] = []
  for (const { subject, text, gold } of conversation.facts) {
    const turns = gold.map((unit) => turnOf.get(unit)).filter((turn) => turn !== undefined)
    if (turns.length === 0) continue
    const sources = turns.map(({ turnId }) => ({ kind: 'turn' as const, id: turnId }))
    const { noteId } = await caliber.note.record({ subject, content: text, trajectoryId, sources })
    facts.push({ noteId, turns })
  }
  return { trajectoryId, scopes, facts, log }
}
