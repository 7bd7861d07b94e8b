/** Random edits of imported dialogues; after each one, what is derived is compared with what is made from nothing. */
import type { Caliber } from 'caliber'
import { type Figures, quantile } from 'caliber-bench/report'
import { type Dialogue, type SaidTurn, standingFacts, summaryOf } from './dialogue.ts'
import { liveNotes } from './liveNotes.ts'

export interface Edits {
  readonly count: number
  /** Uniform in [0, 1). */
  random(): number
}

/** @param calls how often the model was asked so far */
export async function runEdits(
  caliber: Caliber,
  dialogues: readonly Dialogue[],
  { count, random }: Edits,
  calls: () => number,
  progress: (share: number) => void,
): Promise<Figures> {
  const ratios: number[] = []
  let differences = 0
  let residue = 0
  const distrusts: { readonly turn: SaidTurn; readonly distrustId: string }[] = []
  const pick = <T>(all: readonly T[]): T | undefined => all[Math.floor(random() * all.length)]

  for (const dialogue of dialogues) await differs(caliber, dialogue)
  for (let edit = 0; edit < count; edit += 1) {
    const dialogue = pick(dialogues)
    const scope = dialogue && pick(dialogue.scopes)
    if (!dialogue || !scope) break
    const turn = pick(scope.turns.filter(({ state }) => state === 'live'))
    const kind = random()
    const before = calls()
    if (kind < 0.4 || !turn) {
      const content = `Edit ${edit}: ${turn?.content.slice(0, 200) ?? 'something new'}`
      const { turns } = await caliber.turn.append({ scopeId: scope.scopeId, turns: [{ role: 'user', content }] })
      for (const { turnId, sequence } of turns) {
        const said: SaidTurn = { turnId, sequence, role: 'user', content, state: 'live' }
        scope.turns.push(said)
        dialogue.log.push(said)
      }
    } else if (kind < 0.7) {
      const { receipts } = await caliber.memory.forget({ items: [turn.turnId], reason: 'an edit' })
      turn.state = 'forgotten'
      if (edit % 5 === 0) residue += (await caliber.memory.residue({ receiptId: receipts[0]?.receiptId ?? '' })).residue
    } else if (kind < 0.9 || distrusts.length === 0) {
      const { distrustId } = await caliber.memory.revoke({ itemId: turn.turnId, reason: 'an edit' })
      turn.state = 'distrusted'
      distrusts.push({ turn, distrustId })
    } else {
      const [restored] = distrusts.splice(Math.floor(random() * distrusts.length), 1)
      if (restored) await caliber.memory.restore({ distrustId: restored.distrustId })
      if (restored) restored.turn.state = 'live'
      for (const each of dialogues) differences += await differs(caliber, each)
    }
    differences += await differs(caliber, dialogue)
    ratios.push((calls() - before) / summaryOf(dialogue).calls)
    progress((edit + 1) / count)
  }
  return {
    'edit.edits': ratios.length,
    'edit.recomputeRatio': ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length,
    'edit.recomputeRatioP95': quantile(ratios, 0.95),
    'edit.differences': differences,
    'edit.forgetResidue': residue,
  }
}

/** How many derived things of a dialogue are not what they would be if they were made from nothing. */
export async function differs(caliber: Caliber, dialogue: Dialogue): Promise<number> {
  const { text } = await caliber.trajectory.summary({ trajectoryId: dialogue.trajectoryId })
  const notes = await liveNotes(caliber)
  const found = new Set(notes.filter((note) => note.trajectoryId === dialogue.trajectoryId).map(({ noteId }) => noteId))
  const expected = standingFacts(dialogue)
  const common = expected.filter((id) => found.has(id)).length
  return (text === summaryOf(dialogue).text ? 0 : 1) + expected.length + found.size - 2 * common
}
