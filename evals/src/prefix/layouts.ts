/**
 * Three ways to lay out a window for the same words, memory, search and budget.
 *
 * The two others are what agents do without a product of this kind. Their items and headings are written as the product
 * writes them, so that budgets are spent alike.
 */
import type { Caliber } from 'caliber'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'

export interface Dialogue {
  readonly caliber: Caliber
  readonly trajectoryId: string
  readonly scopeId: string
  readonly budgetTokens: number
  /** By turn id: what the data calls it. */
  readonly unitOf: ReadonlyMap<string, string>
  /** What has been said so far. */
  readonly lines: Line[]
}

interface Line {
  readonly unit: string
  readonly at: string
  readonly text: string
}

/** What a window is for. */
export interface Asked {
  readonly words: string
  /** The words are the turn that was said last; else a question beside the conversation. */
  readonly isTurn: boolean
}

export interface Shown {
  readonly text: string
  /** The turns that stand in it. */
  readonly units: ReadonlySet<string>
}

type Layout = (asked: Asked, dialogue: Dialogue) => Promise<Shown>

export const layouts = {
  /** As the product assembles it: the conversation alone goes on, or a question is asked. */
  async ours({ words, isTurn }, { caliber, trajectoryId, scopeId, budgetTokens, unitOf }) {
    const query = isTurn ? {} : { query: words }
    const { text, receipt } = await caliber.context.assemble({ ...query, trajectoryId, scopeId, budgetTokens })
    const included = receipt.verdicts.filter(({ verdict }) => verdict === 'included')
    return { text: text ?? '', units: new Set(included.map(({ id }) => unitOf.get(id) ?? '')) }
  },

  /** The last turns that fit, and nothing else. */
  async slidingWindow(asked, { lines, budgetTokens }) {
    const history = lastThatFit(lines, budgetTokens - priceOf(historyHeading) - priceOf(questionOf(asked)))
    return shown([historyHeading, ...history], asked)
  },

  /** What was found, best first, in half of the budget; then the last turns that fit and are not among it. */
  async retrievalFirst(asked, { caliber, trajectoryId, lines, budgetTokens, unitOf }) {
    const openTokens = budgetTokens - priceOf(questionOf(asked)) - priceOf(foundHeading) - priceOf(historyHeading)
    const { items } = await caliber.memory.search({
      query: asked.words,
      trajectoryId,
      limit: Math.ceil(budgetTokens / 2 / tokensPerHit),
    })
    const hits = items.map(({ id, at, text }) => ({ unit: unitOf.get(id) ?? '', at, text }))
    // What was just said stands in the history, and would be found first.
    const found = allThatFit(
      asked.isTurn ? hits.filter(({ unit }) => unit !== lines.at(-1)?.unit) : hits,
      openTokens / 2,
    )
    const known = new Set(found.map(({ unit }) => unit))
    const leftTokens = openTokens - sum(found.map(priceOf))
    const history = lastThatFit(
      lines.filter(({ unit }) => !known.has(unit)),
      leftTokens,
    )
    return shown([foundHeading, ...found, historyHeading, ...history], asked)
  },
} satisfies Record<string, Layout>

/** Fewer than a turn with its label takes: so many hits fill their half of the budget. */
const tokensPerHit = 20
const historyHeading = '## Conversation so far\n'
const foundHeading = '## Retrieved memory\n'

const questionOf = ({ words, isTurn }: Asked) => (isTurn ? '' : `## Question\n${words}\n`)

function shown(parts: readonly (string | Line)[], asked: Asked): Shown {
  const units = new Set(parts.flatMap((part) => (typeof part === 'string' ? [] : [part.unit])))
  return { text: [...parts.map(written), questionOf(asked)].join(''), units }
}

function written(part: string | Line): string {
  if (typeof part === 'string') return part
  return `- [${part.at.slice(0, 10)} ${part.at.slice(11, 16)} user] ${part.text.replaceAll('\n', '\n  ')}\n`
}

const prices = new Map<string, number>()

function priceOf(part: string | Line): number {
  const text = written(part)
  const price = prices.get(text) ?? countTokens(text, { disallowedSpecial: new Set() })
  prices.set(text, price)
  return price
}

/** In their order; one that does not fit is skipped. */
function allThatFit(lines: readonly Line[], budgetTokens: number): readonly Line[] {
  let leftTokens = budgetTokens
  return lines.filter((line) => {
    if (priceOf(line) > leftTokens) return false
    leftTokens -= priceOf(line)
    return true
  })
}

function lastThatFit(lines: readonly Line[], budgetTokens: number): readonly Line[] {
  let leftTokens = budgetTokens
  let first = lines.length
  for (const line of lines.toReversed()) {
    leftTokens -= priceOf(line)
    if (leftTokens < 0) break
    first -= 1
  }
  return lines.slice(first)
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
