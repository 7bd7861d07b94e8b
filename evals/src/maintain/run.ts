/**
 * What is derived stays true at the cost of the change: imported dialogues with the facts and the summaries that were made
 * of them, edited at random; sources forgotten; a source taken back; a restart; an agent that writes down what it recalled.
 */
import type { Caliber, CaliberOptions } from 'caliber'
import { openRandom } from 'caliber-bench/random'
import type { Figures } from 'caliber-bench/report'
import type { Conversation } from '../locomo/data.ts'
import { inFreshDirectory, withCaliber } from '../withCaliber.ts'
import type { Dialogue, SaidTurn } from './dialogue.ts'
import { remember } from './remember.ts'
import { differs, runEdits } from './runEdits.ts'
import { runForget, wordsAsVectors } from './runForget.ts'
import { runRecall } from './runRecall.ts'
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
  const kept = await inFreshDirectory(async (dataDir) => {
    const opened = <T>(more: CaliberOptions, work: (caliber: Caliber) => Promise<T>) =>
      withCaliber({ dataDir, summariser: model, ...more }, work)
    const dialogues: Dialogue[] = []
    const log: SaidTurn[] = []
    const edited = await opened({}, async (caliber) => {
      for (const conversation of conversations) dialogues.push(await remember(caliber, conversation, log))
      return runEdits(caliber, dialogues, { count: edits, random: openRandom(seed).next }, () => model.calls, progress)
    })
    model.calls = 0
    const restarted = await opened({}, async (caliber) => {
      let differences = 0
      for (const dialogue of dialogues) differences += await differs(caliber, dialogue)
      return { 'restart.modelCalls': model.calls, 'restart.differences': differences }
    })
    const [first] = dialogues
    const forgotten = first && (await opened({ embedder: wordsAsVectors }, (caliber) => runForget(caliber, first)))
    return { ...edited, ...restarted, ...forgotten }
  })
  return { seed, ...kept, ...(await runRevoke(sources)), ...(await runRecall(conversations)) }
}
