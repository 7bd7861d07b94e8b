/**
 * Can two statements about one subject both hold? Rules over words, without a model.
 *
 * Made for precision: what merely resembles is `related`, and only four shapes are a contradiction: the same statement
 * affirmed and denied; opposite words in the same statement; other values in the same statement; two bare values for a
 * subject that has one. Statements that differ in what they are about (another server, another unit) are related.
 */

/** What a judge is shown. */
export interface Statement {
  readonly subject: string
  readonly content: string
  /** World time, ISO: from when and until when it holds; null for always. */
  readonly validFrom: string | null
  readonly validUntil: string | null
}

export interface Judgement {
  readonly verdict: 'same' | 'related' | 'contradicts'
  /** For people: what speaks for it. */
  readonly reason: string
}

/** Decide about two live statements on one subject. Called within a transaction: quick, and nothing outward. */
export type Judge = (older: Statement, newer: Statement) => Judgement

export const judgeByWords: Judge = (older, newer) => {
  if (!overlap(older, newer)) return related('They hold at different times.')
  const [a, b] = [readStatement(older.content), readStatement(newer.content)]
  const [onlyA, onlyB] = [without(a.frame, b.frame), without(b.frame, a.frame)]
  const sameValues = equal(a.values, b.values)
  if (onlyA.length + onlyB.length === 0 && sameValues) {
    return a.denied === b.denied
      ? { verdict: 'same', reason: 'They say the same.' }
      : contradicts('One denies what the other says.')
  }
  const common = a.frame.size - onlyA.length
  if (a.denied !== b.denied) {
    const closeEnough = common > 0 && Math.min(onlyA.length, onlyB.length) === 0
    return closeEnough && sameValues ? contradicts('One denies what the other says.') : related()
  }
  const opposite = onlyA.flatMap((word) =>
    onlyB.filter((other) => opposites.get(word)?.has(other)).map((other) => [word, other]),
  )
  const [pair] = opposite
  if (pair && onlyA.length === 1 && onlyB.length === 1 && sameValues)
    return contradicts(`"${pair[0]}" is the opposite of "${pair[1]}".`)
  if (
    a.values.size > 0 &&
    b.values.size > 0 &&
    without(a.values, b.values).length > 0 &&
    without(b.values, a.values).length > 0
  ) {
    // One may say more than the other ("was raised to"), but not each something of its own: then they differ in what they are about.
    const sameFrame = Math.min(onlyA.length, onlyB.length) === 0 && (common > 0 || a.frame.size + b.frame.size === 0)
    return sameFrame ? contradicts(`Other values: ${list(a.values)} and ${list(b.values)}.`) : related()
  }
  const [one, other] = [complementOf(older), complementOf(newer)]
  if (one && other && one.about === other.about && hasOneValue(older.subject, one.about)) {
    return contradicts(`"${one.value}" and "${other.value}" for something that has one value.`)
  }
  return related()
}

const contradicts = (reason: string): Judgement => ({ verdict: 'contradicts', reason })
const related = (reason = 'They speak of the same subject.'): Judgement => ({ verdict: 'related', reason })

function overlap(a: Statement, b: Statement): boolean {
  const [fromA, fromB] = [a, b].map(({ validFrom }) => (validFrom === null ? -Infinity : Date.parse(validFrom))) as [
    number,
    number,
  ]
  const [untilA, untilB] = [a, b].map(({ validUntil }) =>
    validUntil === null ? Infinity : Date.parse(validUntil),
  ) as [number, number]
  return fromA < untilB && fromB < untilA
}

interface Read {
  /** What is talked about: words that are neither values, nor denials, nor of the grammar. */
  readonly frame: ReadonlySet<string>
  /** Numbers, versions, times, codes: tokens with a digit. */
  readonly values: ReadonlySet<string>
  readonly denied: boolean
}

function readStatement(content: string): Read {
  const frame = new Set<string>()
  const values = new Set<string>()
  let denials = 0
  for (const word of wordsOf(content)) {
    if (denying.has(word) || word.endsWith("n't")) denials += 1
    else if (/\p{N}/u.test(word)) values.add(word)
    else if (!grammar.has(word)) frame.add(stemOf(word))
  }
  return { frame, values, denied: denials % 2 === 1 }
}

function wordsOf(text: string): readonly string[] {
  const found =
    text
      .toLowerCase()
      .replaceAll('’', "'")
      .match(/[\p{L}\p{N}][\p{L}\p{N}'._:/%-]*/gu) ?? []
  return found.map((word) => word.replace(/['._:/-]+$/u, ''))
}

/** Numbers of verbs and nouns do not matter here. */
const stemOf = (word: string) => (word.length > 3 ? word.replace(/(?<=[^su])s$/u, '') : word)

interface Complement {
  /** What is said to be something, as written but for case; '' for a bare value. */
  readonly about: string
  readonly value: string
}

/** "The region is X", "region: X", "region = X", with an X of at most three words; or nothing but "X", of two. */
function complementOf({ content }: Statement): Complement | undefined {
  const text = content
    .trim()
    .toLowerCase()
    .replace(/[.!]+$/u, '')
  const [, about = '', value = text] = /^(.+?)(?:\s+(?:is|was|=)\s+|\s*[:=]\s+)(.+)$/su.exec(text) ?? []
  const words = value.split(/\s+/u).length
  return words <= (about === '' ? 2 : 3) && value !== ''
    ? { about: about.replace(/^(the|our|my|its)\s+/u, ''), value }
    : undefined
}

/** A subject in the plural may have several; so may one whose name says so. */
function hasOneValue(subject: string, about: string): boolean {
  const name = (about === '' ? subject : about).trim().toLowerCase()
  return !/(?:[^sui]s|\b(?:list|set|team|stack|family|tags?|options?))$/u.test(name)
}

const without = (a: ReadonlySet<string>, b: ReadonlySet<string>) => [...a].filter((word) => !b.has(word))
const equal = (a: ReadonlySet<string>, b: ReadonlySet<string>) =>
  a.size === b.size && [...a].every((word) => b.has(word))
const list = (values: ReadonlySet<string>) => [...values].join(', ')

const wordSet = (words: string): ReadonlySet<string> => new Set(words.split(' '))

const denying = wordSet('not no never none nothing nobody without cannot neither nor')

/** Words that carry grammar, time or change, so that "is now 90" and "was raised to 120" are about the same. */
const grammar = wordSet(
  'a an the of to in on at for from by with as and or but than then that this these those there here it its is are was were be ' +
    'been being am do does did done has have had will would can could should shall may might must we you they he she i our your ' +
    'their his her my me us them now currently today still already again anymore longer instead only just about up down out ' +
    'set raise raised lower lowered increase increased decrease decreased reduce reduced change changed move moved go goes went ' +
    'become became new exactly always',
)

const opposites = pairs(
  'on off|enabled disabled|enable disable|allowed forbidden|allow forbid|true false|yes no|open closed|public private|' +
    'required optional|mandatory optional|before after|first last|sync async|synchronous asynchronous|left right|up down|' +
    'internal external|safe unsafe|stable unstable|supported unsupported|active inactive|online offline|like dislike|' +
    'prefer avoid|succeed fail|succeeded failed|pass fail|passed failed|accept reject|accepted rejected|more less|' +
    'more fewer|minimum maximum|ascending descending|include exclude|included excluded|start stop|manual automatic',
)

function pairs(text: string): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>()
  for (const pair of text.split('|')) {
    const [a = '', b = ''] = pair.split(' ').map(stemOf)
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const)
      found.set(from, (found.get(from) ?? new Set()).add(to))
  }
  return found
}
