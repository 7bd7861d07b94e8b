/**
 * Turn a request and its candidates into a window with a receipt. Pure: equal arguments give equal bytes (SPEC W1).
 *
 * Layout: pinned → standing → knowledge → earlier → history → retrieved → the question; history in its own order, the other
 * sections oldest first, so new text comes last wherever it can. The total is counted over the very pieces that make the text (see render.ts).
 */
import { CaliberError } from '../errors.ts'
import { type Packed, type Prices, pack } from './pack.ts'
import { type Piece, type Renderer, rendererOf } from './render.ts'
import { type Division, divisionOf, type SectionName, sections } from './sections.ts'
import type { TokenCounter } from './tokenCounter.ts'
import type {
  Candidate,
  ContextItem,
  Format,
  Message,
  Receipt,
  SemanticBasis,
  Verdict,
  Window,
  WindowRequest,
} from './window.ts'

/** What the window is computed from besides the request. */
export interface Basis {
  readonly candidates: readonly Candidate[]
  readonly eventSeq: number
  readonly at: string
  readonly tokenizer: TokenCounter
  readonly semantic?: SemanticBasis | undefined
  /** How the budget is divided; as the request has it where left out. */
  readonly division?: Division | undefined
}

/**
 * Tokens of a chat message beyond its content, and of the reply's opening: the published rule for OpenAI's chat models
 * (openai-cookbook, "How to count tokens with tiktoken": 3 per message and 1 for its role, 3 for the reply).
 */
const messageTokens = 4
const replyTokens = 3

/** @throws CaliberError `budget_too_small` when instructions, question and pinned items exceed the budget */
export function assembleWindow(request: WindowRequest, basis: Basis): Window {
  const renderer = rendererOf(request.format)
  const asMessages = request.format === 'messages'
  const { tokenizer } = basis
  const price = (text: string) => (text === '' ? 0 : tokenizer.count(text))
  const currency = { tokenizer, format: request.format, renderer }

  const systemPiece = request.system === null ? '' : renderer.system(request.system)
  const queryPiece = request.query === null ? '' : renderer.query(request.query)
  const frameTokens = asMessages ? 2 * messageTokens + replyTokens : price(renderer.begin) + price(renderer.end)
  const fixedTokens = frameTokens + price(systemPiece) + price(queryPiece)
  if (fixedTokens > request.budgetTokens) {
    throw new CaliberError(
      'budget_too_small',
      `Instructions and question need ${fixedTokens} tokens, the budget is ${request.budgetTokens}. Raise budgetTokens.`,
      { neededTokens: fixedTokens, budgetTokens: request.budgetTokens },
    )
  }

  const spoken = (section: SectionName) => asMessages && section === 'history'
  const prices: Prices = {
    item: ({ item, section }) =>
      spoken(section)
        ? messageTokens + price(messageOf(item).content)
        : Math.max(priceOf(item, true, currency), priceOf(item, false, currency)),
    section: (name) => (spoken(name) ? 0 : price(renderer.openSection(name)) + price(renderer.closeSection(name))),
  }
  const packed = pack(
    basis.candidates,
    request.budgetTokens - fixedTokens,
    prices,
    basis.division ?? divisionOf(request),
  )
  const proposed = new Map(basis.candidates.map((candidate, i) => [candidate, i]))
  const asProposed = (a: Packed, b: Packed) => (proposed.get(a.candidate) ?? 0) - (proposed.get(b.candidate) ?? 0)
  const included = sections.map(({ name }) => ({
    name,
    members: packed
      .filter((entry) => entry.included && entry.candidate.section === name)
      .sort(name === 'history' ? asProposed : oldestFirst),
  }))

  const blocks = included.map(({ name, members }) => ({
    name,
    items: members.length,
    pieces: members.length === 0 || spoken(name) ? [] : sectionPieces(renderer, name, members),
    prices: spoken(name) ? [] : members.map(({ candidate }, i) => priceOf(candidate.item, i === 0, currency)),
    messages: spoken(name) ? members.map(({ candidate }) => messageOf(candidate.item)) : [],
  }))
  const content = asMessages
    ? { text: null, messages: messagesOf(systemPiece, blocks, queryPiece) }
    : { text: textOf(renderer, systemPiece, blocks, queryPiece), messages: null }

  const sectionTokens = blocks.map(({ name, items, messages, prices: itemPrices }) => ({
    name,
    items,
    tokens:
      (itemPrices.length === 0 ? 0 : prices.section(name) + sum(itemPrices)) +
      sum(messages.map((message) => messageTokens + price(message.content))),
  }))
  const ownMessages =
    content.messages === null ? 0 : content.messages.length - (blocks.find((b) => spoken(b.name))?.items ?? 0)
  const frame =
    price(systemPiece) + price(queryPiece) + (asMessages ? ownMessages * messageTokens + replyTokens : frameTokens)
  const positions = new Map(
    included.flatMap(({ members }) => members).map(({ candidate }, i) => [candidate.item.id, i + 1]),
  )
  const verdicts = packed.map((entry) => verdictOf(entry, positions.get(entry.candidate.item.id) ?? null))
  const receipt: Receipt = {
    request,
    eventSeq: basis.eventSeq,
    at: basis.at,
    tokenizer: tokenizer.name,
    ...(basis.semantic && { semantic: basis.semantic }),
    usedTokens: frame + sum(sectionTokens.map(({ tokens }) => tokens)),
    sections: [{ name: 'frame', tokens: frame, items: 0 }, ...sectionTokens],
    totals: { candidates: packed.length, included: positions.size, excluded: packed.length - positions.size },
    verdicts: verdicts.sort((a, b) => (a.position ?? Infinity) - (b.position ?? Infinity) || 0),
  }
  return { ...content, receipt }
}

/** What a price is true for. */
interface Currency {
  readonly tokenizer: TokenCounter
  readonly format: Format
  readonly renderer: Renderer
}

/** What an item's piece takes. Items are immutable and are priced again and again, so the price stays with the item. */
function priceOf(item: ContextItem, isFirst: boolean, { tokenizer, format, renderer }: Currency): number {
  const known = knownPrices.get(item) ?? new Map<string, number>()
  const name = `${tokenizer.name} ${format} ${isFirst && format === 'json' ? 'first' : ''}`
  const tokens = known.get(name) ?? countPiece(item, renderer.item(item, isFirst), tokenizer)
  knownPrices.set(item, known.set(name, tokens))
  return tokens
}

const knownPrices = new WeakMap<ContextItem, Map<string, number>>()

function countPiece(
  { kind, text, tokenCount }: ContextItem,
  { head, body, tail }: Piece,
  tokenizer: TokenCounter,
): number {
  const isCounted = kind === 'turn' && tokenCount !== undefined && body === text
  return isCounted ? tokenizer.countAround(head, body, tokenCount, tail) : tokenizer.count(head + body + tail)
}

function sectionPieces(renderer: Renderer, name: SectionName, members: readonly Packed[]): readonly string[] {
  const items = members.map(({ candidate }, i) => {
    const { head, body, tail } = renderer.item(candidate.item, i === 0)
    return head + body + tail
  })
  return [renderer.openSection(name), ...items, renderer.closeSection(name)]
}

interface Block {
  readonly name: SectionName
  readonly pieces: readonly string[]
  readonly messages: readonly Message[]
}

function textOf(renderer: Renderer, system: string, blocks: readonly Block[], query: string): string {
  return [renderer.begin, system, ...blocks.flatMap(({ pieces }) => pieces), query, renderer.end].join('')
}

/** What stands before the history in one system message, what stands after it in one message of the user. */
function messagesOf(system: string, blocks: readonly Block[], query: string): readonly Message[] {
  const at = blocks.findIndex(({ name }) => name === 'history')
  const before = [system, ...blocks.slice(0, at).flatMap(({ pieces }) => pieces)].join('')
  const after = [...blocks.slice(at + 1).flatMap(({ pieces }) => pieces), query].join('')
  return [
    ...(before === '' ? [] : [{ role: 'system', content: before } as const]),
    ...(blocks[at]?.messages ?? []),
    ...(after === '' ? [] : [{ role: 'user', content: after } as const]),
  ]
}

/** Stored text never speaks as the system: only the caller's own instructions do. */
function messageOf({ role, text }: ContextItem): Message {
  if (role === 'user' || role === 'assistant') return { role, content: text }
  return { role: 'user', content: `[${role ?? 'memory'}]\n${text}` }
}

function oldestFirst(a: Packed, b: Packed): number {
  const [x, y] = [a.candidate.item, b.candidate.item]
  return compare(x.at, y.at) || compare(x.id, y.id)
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

function verdictOf({ candidate, tokens, included, reason }: Packed, position: number | null): Verdict {
  const { item, section, signals } = candidate
  const verdict = included ? 'included' : 'excluded'
  return { id: item.id, kind: item.kind, section, verdict, reason, tokens, position, at: item.at, signals }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
