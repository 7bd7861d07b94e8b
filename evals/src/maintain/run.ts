/**
 * What is derived stays true at the cost of the change: imported dialogues with the facts and the summaries that were made
 * of them, edited at random; sources forgotten; a source taken back; a restart.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { type Caliber, type CaliberOptions, openCaliber } from 'caliber'
import { openRandom } from 'caliber-bench/random'
import type { Figures } from 'caliber-bench/report'
import type { Conversation } from '../locomo/data.ts'
import type { Dialogue, SaidScope } from './dialogue.ts'
import { differs, runEdits } from './runEdits.ts'
import { runForget, wordsAsVectors } from './runForget.ts'
import { runRevoke } from './runRevoke.ts'
import { countingShortener } from './shortener.ts'

export interface Maintenance {
  readonly edits: number
  /** Of which one is poisoned. */
  readonly sources: number
  readonly seed: number
}

export async function runMaintain(
  conversations: readonly Conversation[],
  { edits, sources, seed }: Maintenance,
  progress: (share: number) => void,
): Promise<Figures> {
  const model = countingShortener()
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'caliber-maintain-'))
  const open = (more: CaliberOptions = {}) => openCaliber({ dataDir, tier: 'embedded', summariser: model, ...more })
  try {
    const dialogues: Dialogue[] = []
    const edited = await using(open(), async (caliber) => {
      for (const conversation of conversations) dialogues.push(await remember(caliber, conversation))
      return runEdits(caliber, dialogues, { count: edits, random: openRandom(seed).next }, () => model.calls, progress)
    })
    model.calls = 0
    const restarted = await using(open(), async (caliber) => {
      let differences = 0
      for (const dialogue of dialogues) differences += await differs(caliber, dialogue)
      return { 'restart.modelCalls': model.calls, 'restart.differences': differences }
    })
    const [first] = dialogues
    const forgotten = first && (await using(open({ embedder: wordsAsVectors }), (caliber) => runForget(caliber, first)))
    return { seed, ...edited, ...restarted, ...forgotten, ...(await runRevoke(sources)) }
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function using<T>(opening: Promise<Caliber>, work: (caliber: Caliber) => Promise<T>): Promise<T> {
  const caliber = await opening
  try {
    return await work(caliber)
  } finally {
    await caliber.close()
  }
}

/** Import a conversation, and record what was learned from it. */
export async function remember(caliber: Caliber, { id, units, facts }: Conversation): Promise<Dialogue> {
  const lines = units.map(({ id: unitId, session, speaker, text }) => {
    const role = speaker === units[0]?.speaker ? 'user' : 'assistant'
    return JSON.stringify({ role, content: text, session, id: unitId })
  })
  const { trajectoryId, scopeIds } = await caliber.transcript.import({
    source: id,
    format: 'plain',
    text: lines.join('\n'),
  })
  if (trajectoryId === null) throw new Error(`${id} was not imported`)
  const sessions = [...new Set(units.map(({ session }) => session))]
  const scopes: SaidScope[] = []
  const turnOf = new Map<string, SaidScope['turns'][number]>()
  for (const [i, scopeId] of scopeIds.entries()) {
    const said = units.filter(({ session }) => session === sessions[i])
    const { items } = await caliber.turn.list({ scopeId, limit: 1_000 })
    const turns = items.map(({ turnId, sequence, role, content }) => {
      return { turnId, sequence, text: `${role}: ${content}`, state: 'live' as const }
    })
    for (const turn of turns) turnOf.set(said[turn.sequence - 1]?.id ?? '', turn)
    scopes.push({ scopeId, turns })
  }
  const learned: Dialogue['facts'][number][] = []
  for (const { subject, text, gold } of facts) {
    const turns = gold.map((unit) => turnOf.get(unit)).filter((turn) => turn !== undefined)
    if (turns.length === 0) continue
    const sources = turns.map(({ turnId }) => ({ kind: 'turn' as const, id: turnId }))
    const { noteId } = await caliber.note.record({ subject, content: text, trajectoryId, sources })
    learned.push({ noteId, turns })
  }
  return { trajectoryId, scopes, facts: learned }
}
