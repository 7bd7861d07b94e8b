/**
 * A conversation as it should be remembered: its turns with their states, the facts learned from them, and what the
 * summary of all of it must say. Naive: everything is computed from the turns each time.
 */
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { ownContents } from './ownContents.ts'
import { shortened } from './shortener.ts'

export interface SaidTurn {
  readonly turnId: string
  /** From 1, in its scope. */
  readonly sequence: number
  readonly role: string
  readonly content: string
  state: 'live' | 'forgotten' | 'distrusted'
}

export interface SaidScope {
  readonly scopeId: string
  readonly turns: SaidTurn[]
}

/** A note and the turns that it was learned from. */
export interface Fact {
  readonly noteId: string
  readonly turns: readonly SaidTurn[]
}

export interface Dialogue {
  readonly trajectoryId: string
  readonly scopes: readonly SaidScope[]
  readonly facts: readonly Fact[]
  /** What was said in all dialogues of the memory, in that order. */
  readonly log: SaidTurn[]
}

const turnsPerLeaf = 16
const childrenPerNode = 8
const summaryTokens = 160

/** What the summary of a dialogue is, made from nothing, and how many times that asks the model. */
export function summaryOf({ scopes, log }: Dialogue): { readonly text: string; readonly calls: number } {
  let calls = 0
  const own = ownContents(log.filter(isLive))
  const join = (texts: readonly string[]): string => {
    const whole = texts.join('\n')
    if (countTokens(whole, { disallowedSpecial: new Set() }) <= summaryTokens) return whole
    calls += 1
    return shortened(texts)
  }
  const tree = (leaves: readonly string[]): string => {
    let level = leaves
    while (level.length > 1)
      level = groupsOf(level, childrenPerNode).map((texts) => joinOf(texts.filter(Boolean), join))
    return level[0] ?? ''
  }
  const tops = scopes.map(({ turns }) => {
    const leaves = groupsOf(turns, turnsPerLeaf).map((block) =>
      join(block.filter((turn) => own.get(turn)).map((turn) => `${turn.role}: ${own.get(turn)}`)),
    )
    return tree(leaves)
  })
  return { text: tree(tops), calls }
}

/** The facts that still stand: all that they were learned from is there. */
export function standingFacts({ facts }: Dialogue): readonly string[] {
  return facts.filter(({ turns }) => turns.every(isLive)).map(({ noteId }) => noteId)
}

function isLive({ state }: SaidTurn): boolean {
  return state === 'live'
}

function joinOf(texts: readonly string[], join: (texts: readonly string[]) => string): string {
  return texts.length < 2 ? (texts[0] ?? '') : join(texts)
}

function groupsOf<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size))
}
