import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RegionId } from '../../domain/ids.ts'
import { Echoes, leastWords, type Utterance } from './echoes.ts'

const [north, south] = ['00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002'] as RegionId[]

/** The own texts of items that come one after the other. */
function own(...items: readonly (string | Utterance)[]): readonly string[] {
  const echoes = new Echoes()
  return items.map((item, i) => echoes.add(typeof item === 'string' ? at(i, item) : item))
}

const at = (ordinal: number, text: string, regionId = north as RegionId): Utterance => ({
  kind: 'turn',
  ordinal,
  regionId,
  text,
})
const words = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}${i}`)

describe('a sentence that was said before', () => {
  test('is cut out wherever it stands and however it is written, and nothing else is', () => {
    const stop = fc.constantFrom('. ', '!\n', ': ', '。', ' ## ', '] [', '” “')
    const cases = fc.record({
      before: fc.integer({ min: 0, max: 30 }),
      after: fc.integer({ min: 0, max: 30 }),
      sentences: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 12 }),
      stops: fc.array(stop, { minLength: 4, maxLength: 4 }),
      quoted: fc.tuple(fc.nat(12), fc.nat(12)),
      between: fc.constantFrom(' ', ', ', '   ', ' — ', "' "),
      louder: fc.boolean(),
    })
    fc.assert(
      fc.property(cases, ({ before, after, sentences, stops, quoted, between, louder }) => {
        const said = sentences.map((length, i) => words(`said${i}x`, length))
        const original = said.map((sentence) => sentence.join(' ')).join(stops[0])
        const [from, to] = quoted.toSorted((a, b) => a - b)
        const repeated = said.slice(from, to)
        const quote = repeated.map((sentence) => sentence.join(between)).join(stops[1])
        const [head, tail] = [words('head', before), words('tail', after)]
        const echo = [head.join(' '), louder ? quote.toUpperCase() : quote, tail.join(' ')]

        const text = `${echo[0]}${stops[2]}${echo[1]}${stops[3]}${echo[2]}`
        const echoes = new Set(repeated.filter((sentence) => sentence.length >= leastWords).flat())
        const expected = text.split('\n').flatMap((line) => {
          const sentences = line
            .toLowerCase()
            .split(/[.!:。#[\]“”]/)
            .map((sentence) => sentence.match(/[a-z0-9]+/g) ?? [])
          const own = sentences.filter(([first = '']) => !echoes.has(first))
          return (
            own.length === sentences.length ? own : own.filter((sentence) => sentence.length >= leastWords)
          ).flat()
        })
        const texts = own(original, text)
        expect(texts[0]).toBe(original)
        expect(texts[1]?.toLowerCase().match(/[a-z0-9]+/g) ?? []).toEqual(expected)
      }),
      { numRuns: 1_000 },
    )
  })

  test('is no echo below five words, in part, with words more, in another region, or of what comes later', () => {
    const said = 'Ferries leave the northern harbour at nine.'
    expect(own('At nine they leave.', 'At nine they leave.')[1]).toBe('At nine they leave.')
    expect(own(said, 'Ferries leave the northern harbour.')[1]).toBe('Ferries leave the northern harbour.')
    expect(own(said, `I heard that ${said}`)[1]).toBe(`I heard that ${said}`)
    expect(own(said, at(1, said, south))[1]).toBe(said)
    expect(own(at(1, said), at(0, said))).toEqual([said, said])
  })

  test('counts from three words on where it is a note', () => {
    const note: Utterance = { ...at(0, 'Ada: Ada sails alone.'), kind: 'note' }
    expect(own(note, 'Yes, Ada sails alone.', 'Noted: Ada sails alone.')).toEqual([
      note.text,
      'Yes, Ada sails alone.',
      '',
    ])
  })

  test('leaves nothing where it is all that is said', () => {
    const said = 'Ferries leave the northern harbour at nine'
    expect(own(said, `> **“${said}.”**\n`, `${said}! ${said}!`)).toEqual([said, '', ''])
  })

  test('is found in scripts that are written without spaces', () => {
    expect(own('我们决定从下周开始部署。', '根据记录：我们决定从下周开始部署。那就去买服务器')[1]).toBe(
      '那就去买服务器',
    )
  })

  test('cuts no character in two', () => {
    const said = '🚢 Ferries leave the northern harbour at nine 🚢'
    expect(own(said, `🛳️${said}🛳️`)[1]).toBe('')
    expect(own(said, `Well: ${said}. So be on board with all of us 🏃, and be early.`)[1]).toBe(
      'So be on board with all of us 🏃, and be early',
    )
  })

  test('takes with it what is short beside it, and nothing of other lines', () => {
    const said = 'Ferries leave the northern harbour at nine.'
    const window = `## Retrieved memory\n- [2026-05-04 09:00 user] Ada: ${said} Good!\n\n## Question\nWhen?`
    expect(own(said, window)[1]).toBe('## Retrieved memory\n\n## Question\nWhen?')
  })

  test('may be of several originals, and be said twice', () => {
    const [one, two] = ['Ferries leave the harbour at nine', 'Tickets are sold on board the ferry']
    expect(own(one, two, `Well: ${two}; so be there early and pay: ${one}; and ${one}!`)[2]).toBe(
      `so be there early and pay … and ${one}`,
    )
  })
})

test('what an echo is depends on the items that are there and their order alone', () => {
  const utterance = fc.record({
    kind: fc.constantFrom('turn', 'note', 'artifact'),
    regionId: fc.constantFrom(north, south),
    text: fc
      .array(fc.constantFrom('a b c d e f g.', 'm n o p q r.', 'a b c.', 'x y z w a m'), { maxLength: 6 })
      .map((parts) => parts.join(' ')),
  })
  const steps = fc.array(fc.tuple(fc.nat(19), fc.boolean()), { maxLength: 60 })
  fc.assert(
    fc.property(fc.array(utterance, { minLength: 20, maxLength: 20 }), steps, (all, changes) => {
      const items = all.map((each, ordinal) => ({ ordinal, ...each }) as Utterance)
      const echoes = new Echoes()
      const texts = new Map<Utterance, string>()
      for (const [ordinal, comes] of changes) {
        const item = items[ordinal] as Utterance
        if (comes === texts.has(item)) continue
        if (comes) texts.set(item, echoes.add(item))
        else texts.delete(item)
        for (const ordinal of comes ? echoes.swayedBy(item) : echoes.remove(item)) {
          const other = items[ordinal] as Utterance
          texts.set(other, echoes.ownTextOf(other))
        }
      }
      const left = items.filter((item) => texts.has(item))
      expect(left.map((item) => texts.get(item))).toEqual(own(...left))
    }),
    { numRuns: 1_000 },
  )
})
