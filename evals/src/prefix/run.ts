/**
 * How much of a window the window before already began with, and what that costs in evidence.
 *
 * Each dialogue is one scope. Every turn is appended, as somebody's to the agent, and a window is assembled for it in
 * three layouts of equal budgets over the same memory and the same search (layouts.ts):
 *
 *   `prefix.<layout>`  octets of the longest common prefix of a window and the one before ÷ octets of the window: the share
 *                      that a prompt cache need not read again. Mean over all pairs of consecutive windows.
 *   `recall.<layout>`  share of a question's evidence turns that stand in its window; mean over the questions, in percent.
 *                      Each is asked beside the conversation, in its scope, when the dialogue is over.
 *   `recallDuring`     the same, asked when 100 turns have followed the last of its evidence, or at the dialogue's end.
 *   `recallSaid.ours`  the same, when the question is itself a turn of the dialogue (forgotten again afterwards), on every
 *                      tenth question. The other layouts make no such difference.
 *   `prefix.oursAsked` as `prefix.ours`, when each turn is passed as the question besides.
 */
import { type Figures, quantile } from 'caliber-bench/report'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { type Conversation, type Question, saidAt } from '../locomo/data.ts'
import { mean } from '../locomo/metrics.ts'
import { withFreshMemory } from '../withCaliber.ts'
import { type Asked, type Dialogue, layouts, type Shown } from './layouts.ts'
import { sharedPrefix } from './sharedPrefix.ts'

export interface Size {
  readonly budgetTokens: number
  /** Turns replayed of each dialogue. */
  readonly turns: number
}

/** Turns after which `recallDuring` asks. */
const laterTurns = 100
/** Every how many turns a window is assembled a second time. */
const repeatEvery = 10
/** Every how many questions one is said in the dialogue: to forget it again takes longer than all the rest. */
const sayEvery = 10

interface Tally {
  readonly samples: Map<string, number[]>
  overBudget: number
  unequalRepeats: number
}

/** @param progress called with the share done, 0..1 */
export async function runPrefix(
  conversations: readonly Conversation[],
  { budgetTokens, turns }: Size,
  progress: (share: number) => void,
): Promise<Figures> {
  return withFreshMemory({}, async (caliber) => {
    const tally: Tally = { samples: new Map(), overBudget: 0, unequalRepeats: 0 }
    const cut = conversations.map((conversation) => firstTurns(conversation, turns))
    const total = cut.reduce((sum, { units }) => sum + units.length, 0)
    let said = 0
    for (const { id, units, questions } of cut) {
      const { trajectoryId } = await caliber.trajectory.start({ name: id })
      const { scopeId } = await caliber.scope.open({ trajectoryId, name: id })
      const unitOf = new Map<string, string>()
      const dialogue: Dialogue = { caliber, trajectoryId, scopeId, budgetTokens, unitOf, lines: [] }
      const measure = measurementOf(dialogue, tally)
      for (const [i, unit] of units.entries()) {
        const turn = { role: 'user' as const, content: unit.text, at: saidAt(unit, i) }
        const { turns: appended } = await caliber.turn.append({ scopeId, turns: [withoutUndefined(turn)] })
        for (const { turnId, saidAt: at, content } of appended) {
          unitOf.set(turnId, unit.id)
          dialogue.lines.push({ unit: unit.id, at, text: content })
        }
        await measure.turn({ words: unit.text, isTurn: true }, i)
        for (const question of dueAt(i, units, questions)) await measure.question('recallDuring', question)
        said += 1
        progress(said / total)
      }
      for (const question of questions) await measure.question('recall', question)
      for (const [i, question] of questions.entries()) if (i % sayEvery === 0) await measure.said(question)
    }
    return figuresOf(cut, budgetTokens, tally)
  })
}

/** What is measured in one dialogue as it goes on. */
function measurementOf(dialogue: Dialogue, tally: Tally) {
  const { caliber, scopeId, budgetTokens } = dialogue
  const before = new Map<string, string>()
  const add = (name: string, value: number) => {
    const samples = tally.samples.get(name)
    if (samples) samples.push(value)
    else tally.samples.set(name, [value])
  }
  const shown = async (name: string, asked: Asked): Promise<Shown & { readonly tokens: number }> => {
    const startedMs = performance.now()
    const window = await layouts[name === 'oursAsked' ? 'ours' : layoutNamed(name)](asked, dialogue)
    if (name === 'ours') add('assembleMs', performance.now() - startedMs)
    const tokens = countTokens(window.text, { disallowedSpecial: new Set() })
    if (tokens > budgetTokens) tally.overBudget += 1
    return { ...window, tokens }
  }

  return {
    async turn(asked: Asked, i: number): Promise<void> {
      for (const name of [...layoutNames, 'oursAsked']) {
        const { text, tokens } = await shown(name, { ...asked, isTurn: name !== 'oursAsked' })
        const last = before.get(name)
        if (last !== undefined) add(`prefix.${name}`, sharedPrefix(last, text))
        before.set(name, text)
        add(`windowTokens.${name}`, tokens)
        if (name === 'ours' && i % repeatEvery === 0) {
          const again = await layouts.ours(asked, dialogue)
          if (again.text !== text) tally.unequalRepeats += 1
        }
      }
    },
    async question(figure: string, { question, gold }: Question): Promise<void> {
      for (const name of layoutNames) {
        const { units } = await shown(name, { words: question, isTurn: false })
        add(`${figure}.${name}`, shareOf(gold, units))
      }
    },
    async said({ question, gold }: Question): Promise<void> {
      const { turns } = await caliber.turn.append({ scopeId, turns: [{ role: 'user', content: question }] })
      const { units } = await shown('ours', { words: question, isTurn: true })
      add('recallSaid.ours', shareOf(gold, units))
      const items = turns.map(({ turnId }) => turnId)
      await caliber.memory.forget({ items, reason: 'it was said to be measured' })
    },
  }
}

const layoutNames = ['ours', 'slidingWindow', 'retrievalFirst'] as const
const layoutNamed = (name: string) => layoutNames.find((known) => known === name) ?? 'ours'

const shareOf = (gold: ReadonlySet<string>, units: ReadonlySet<string>) =>
  (100 * [...gold].filter((unit) => units.has(unit)).length) / gold.size

/** The first turns of a dialogue, and the questions that they answer. */
function firstTurns({ units, questions, ...rest }: Conversation, turns: number): Conversation {
  const kept = units.slice(0, turns)
  const known = new Set(kept.map(({ id }) => id))
  const answered = questions.filter(({ gold }) => [...gold].every((unit) => known.has(unit)))
  return { ...rest, units: kept, questions: answered }
}

/** The questions to ask after turn `i`. */
function dueAt(i: number, units: Conversation['units'], questions: readonly Question[]): readonly Question[] {
  const last = units.length - 1
  return questions.filter(({ gold }) => {
    const saidLast = units.findLastIndex(({ id }) => gold.has(id))
    return Math.min(saidLast + laterTurns, last) === i
  })
}

function withoutUndefined<T extends { readonly at: string | undefined }>({ at, ...turn }: T) {
  return at === undefined ? turn : { ...turn, at }
}

function figuresOf(dialogues: readonly Conversation[], budgetTokens: number, tally: Tally): Figures {
  const figures: Record<string, number> = {
    dialogues: dialogues.length,
    turns: dialogues.reduce((sum, { units }) => sum + units.length, 0),
    questions: dialogues.reduce((sum, { questions }) => sum + questions.length, 0),
    budgetTokens,
  }
  const order = ['prefix.', 'recall.', 'recallDuring.', 'recallSaid.', 'windowTokens.']
  for (const kind of order) {
    for (const [name, samples] of tally.samples) if (name.startsWith(kind)) figures[name] = mean(samples)
  }
  const times = tally.samples.get('assembleMs') ?? []
  return {
    ...figures,
    'assemble.p50Ms': quantile(times, 0.5),
    'assemble.p95Ms': quantile(times, 0.95),
    'assemble.overBudget': tally.overBudget,
    'assemble.unequalRepeats': tally.unequalRepeats,
  }
}
