import type { Caliber } from 'caliber'
import { openRandom } from '../random.ts'
import { type Dialogue, dialogues, questionAbout, turnsPerSession } from './dialogue.ts'
import type { Imported, ImportJob } from './jobs.ts'
import { openVocabulary } from './vocabulary.ts'

/** Sessions of one transcript: a file of a thousand turns, about 320,000 characters, imported at once. */
const sessionsPerTranscript = 20
const scopesKept = 200
const questionsKept = 1_500

/** Import made-up transcripts as the product does, one call per file. The time to make them up does not count. */
export async function importTurns(
  caliber: Caliber,
  { turns, seed }: ImportJob,
  progress: (text: string) => void,
): Promise<Imported> {
  const vocabulary = openVocabulary(seed)
  const source = dialogues(vocabulary, seed + 1)
  const random = openRandom(seed + 2)
  const scopeIds: string[] = []
  const questions = new Set<string>()
  const questionsPerSession = Math.ceil((questionsKept * turnsPerSession) / turns)
  let importedMs = 0
  let imported = 0

  while (imported < turns) {
    const sessions: Dialogue[] = []
    for (let left = turns - imported; left > 0 && sessions.length < sessionsPerTranscript; left -= turnsPerSession) {
      const dialogue = source.next().value
      for (let i = 0; i < questionsPerSession; i += 1) {
        const question = questionAbout(dialogue, vocabulary, random)
        if (question !== undefined) questions.add(question)
      }
      sessions.push({ ...dialogue, turns: dialogue.turns.slice(0, left) })
    }
    const text = sessions.map(asLines).join('')
    const started = performance.now()
    const answer = await caliber.transcript.import({ source: `transcript-${imported}`, format: 'plain', text })
    importedMs += performance.now() - started
    imported += answer.turnsAdded
    scopeIds.push(...answer.scopeIds)
    progress(`importing, ${Math.floor((100 * imported) / turns)} %`)
  }
  return {
    itemsPerSecond: (1_000 * imported) / importedMs,
    scopeIds: evenly(scopeIds, scopesKept),
    questions: evenly([...questions], questionsKept),
  }
}

function asLines({ session, turns }: Dialogue): string {
  return turns.map((turn, i) => `${JSON.stringify({ ...turn, session, id: `${session}.${i}` })}\n`).join('')
}

/** At most so many of the items, from all over the list. */
function evenly(items: readonly string[], most: number): readonly string[] {
  const step = Math.max(1, items.length / most)
  return items.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step))
}
