/**
 * LoCoMo evidence recall through the product's front door: import → search → assemble, on a fresh embedded memory.
 *
 * `recall.tok<B>` is measured twice: over the ranking with the baseline's packing rule (`recall.tok<B>`), and over what
 * `context.assemble` really put into a window of B tokens, headings and labels included (`assembled.tok<B>`).
 * With an embedding model, every question is asked once all turns have their vectors.
 */
import type { Caliber, Embedder } from 'caliber'
import { type Figures, quantile } from 'caliber-bench/report'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { vectorsArrived } from '../vectorsArrived.ts'
import { withFreshMemory } from '../withCaliber.ts'
import { type Conversation, categories, type Question } from './data.ts'
import { importConversation } from './importConversation.ts'
import { mean, ndcg10, recallAt, recallUnder } from './metrics.ts'

const depths = [1, 5, 10, 50] as const
const budgets = [512, 1_024, 2_048, 4_096] as const
/** The budget whose window is assembled three times to compare the bytes. */
const repeatedBudget = 2_048

interface Scored {
  readonly category: Question['category']
  readonly values: Readonly<Record<string, number>>
}

/** @param progress called with the share done, 0..1 */
export async function runLocomo(
  conversations: readonly Conversation[],
  embedder: Embedder | undefined,
  progress: (share: number) => void,
): Promise<Figures> {
  return withFreshMemory({ embedder }, async (caliber) => {
    const scored: Scored[] = []
    const times: Times = { search: [], assemble: [] }
    const faults = { overBudget: 0, unequalRepeats: 0 }
    const total = conversations.reduce((sum, { questions }) => sum + questions.length, 0)
    for (const conversation of conversations) {
      const { trajectoryId, scopes } = await importConversation(caliber, conversation)
      const unitOf = new Map(scopes.flatMap(({ turns }) => turns.map(({ unitId, turn }) => [turn.turnId, unitId])))
      if (embedder) await vectorsArrived(caliber, conversation.questions[0]?.question ?? '')
      const tokens = new Map(conversation.units.map(({ id, date, text }) => [id, countTokens(`[${date}] ${text}\n`)]))
      for (const question of conversation.questions) {
        scored.push(await score(caliber, question, { trajectoryId, unitOf, tokens, times, faults }))
        progress(scored.length / total)
      }
    }
    return figuresOf(scored, times, faults)
  })
}

interface Times {
  readonly search: number[]
  readonly assemble: number[]
}

interface Setting {
  readonly trajectoryId: string
  readonly unitOf: ReadonlyMap<string, string>
  readonly tokens: ReadonlyMap<string, number>
  readonly times: Times
  readonly faults: { overBudget: number; unequalRepeats: number }
}

async function score(caliber: Caliber, { question, gold, category }: Question, setting: Setting): Promise<Scored> {
  const { trajectoryId, unitOf, tokens, times, faults } = setting
  const started = performance.now()
  const { items } = await caliber.memory.search({ query: question, trajectoryId, limit: 300 })
  times.search.push(performance.now() - started)
  const ranking = items.map((item) => unitOf.get(item.id) ?? '')

  const values: Record<string, number> = { ndcg10: ndcg10(ranking, gold) }
  for (const depth of depths) values[`r${depth}`] = recallAt(depth, ranking, gold)
  for (const budget of budgets) {
    values[`tok${budget}`] = recallUnder(budget, ranking, gold, (unit) => tokens.get(unit) ?? 0)
    values[`assembled${budget}`] = await assembled(caliber, question, gold, budget, setting)
  }
  const repeats = await Promise.all(
    [1, 2].map(() => caliber.context.assemble({ query: question, trajectoryId, budgetTokens: repeatedBudget })),
  )
  if (repeats[0]?.text !== repeats[1]?.text) faults.unequalRepeats += 1
  return { category, values }
}

async function assembled(
  caliber: Caliber,
  query: string,
  gold: ReadonlySet<string>,
  budgetTokens: number,
  { trajectoryId, unitOf, times, faults }: Setting,
): Promise<number> {
  const started = performance.now()
  const { text, receipt } = await caliber.context.assemble({ query, trajectoryId, budgetTokens })
  times.assemble.push(performance.now() - started)
  if (countTokens(text ?? '', { disallowedSpecial: new Set() }) > budgetTokens) faults.overBudget += 1
  const included = receipt.verdicts.filter(({ verdict }) => verdict === 'included')
  return included.filter(({ id }) => gold.has(unitOf.get(id) ?? '')).length / gold.size
}

function figuresOf(scored: readonly Scored[], times: Times, faults: Setting['faults']): Figures {
  const of = (name: string, among = scored) => 100 * mean(among.map(({ values }) => values[name] ?? 0))
  const figures: Record<string, number> = { questions: scored.length }
  for (const depth of depths) figures[`recall.r${depth}`] = of(`r${depth}`)
  figures['recall.ndcg10'] = of('ndcg10')
  for (const budget of budgets) figures[`recall.tok${budget}`] = of(`tok${budget}`)
  for (const budget of budgets) figures[`assembled.tok${budget}`] = of(`assembled${budget}`)
  for (const category of Object.values(categories)) {
    const among = scored.filter((question) => question.category === category)
    if (among.length === 0) continue
    figures[`${category}.questions`] = among.length
    figures[`${category}.r10`] = of('r10', among)
    figures[`${category}.tok2048`] = of('tok2048', among)
  }
  return {
    ...figures,
    'search.p50Ms': quantile(times.search, 0.5),
    'search.p95Ms': quantile(times.search, 0.95),
    'assemble.p50Ms': quantile(times.assemble, 0.5),
    'assemble.p95Ms': quantile(times.assemble, 0.95),
    'assemble.overBudget': faults.overBudget,
    'assemble.unequalRepeats': faults.unequalRepeats,
  }
}
