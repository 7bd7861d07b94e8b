import type { Caliber } from 'caliber'
import { type Conversation, saidAt } from './data.ts'

type Turn = Awaited<ReturnType<Caliber['turn']['list']>>['items'][number]

export interface Imported {
  readonly trajectoryId: string
  /** One for each session, in their order. */
  readonly scopes: readonly {
    readonly scopeId: string
    readonly turns: readonly { readonly unitId: string; readonly turn: Turn }[]
  }[]
}

/** Import a conversation as a transcript. @returns each stored turn with the LoCoMo id of what was said */
export async function importConversation(caliber: Caliber, { id, units }: Conversation): Promise<Imported> {
  const lines = units.map((unit, i) => {
    const role = unit.speaker === units[0]?.speaker ? 'user' : 'assistant'
    return `${JSON.stringify({ role, content: unit.text, at: saidAt(unit, i), session: unit.session, id: unit.id })}\n`
  })
  const { trajectoryId, scopeIds, turnsAdded } = await caliber.transcript.import({
    source: id,
    format: 'plain',
    text: lines.join(''),
  })
  if (trajectoryId === null || turnsAdded !== units.length)
    throw new Error(`${id}: ${turnsAdded} of ${units.length} turns imported`)
  const sessions = [...new Set(units.map(({ session }) => session))]
  const scopes: Imported['scopes'][number][] = []
  for (const [i, scopeId] of scopeIds.entries()) {
    const said = units.filter(({ session }) => session === sessions[i])
    const { items } = await caliber.turn.list({ scopeId, limit: 1_000 })
    scopes.push({ scopeId, turns: items.map((turn) => ({ unitId: said[turn.sequence - 1]?.id ?? '', turn })) })
  }
  return { trajectoryId, scopes }
}
