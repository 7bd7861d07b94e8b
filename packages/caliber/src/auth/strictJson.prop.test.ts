/** fast-check prints the seed of a failure. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readJsonObject } from './strictJson.ts'

const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('a":', '\\', '"', '\\":1', 'a', '__proto__', ''))
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.integer(),
    fc.constantFrom(null, true),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map((pairs) => new Members(pairs)),
  ),
}))
const top = fc.array(fc.tuple(text, value), { maxLength: 5 }).map((pairs) => new Members(pairs))

test('an object is read as JSON.parse reads it, unless a member is named twice at any depth', () => {
  let twice = 0
  fc.assert(
    fc.property(top, fc.constantFrom('', ' ', '\n\t'), (members, gap) => {
      const written = write(members, gap)
      if (members.namesTwice()) {
        twice += 1
        expect(() => readJsonObject(written)).toThrow('named twice')
      } else {
        expect(readJsonObject(Buffer.from(written))).toEqual(JSON.parse(written))
      }
    }),
    { numRuns: 2_000 },
  )
  expect(twice).toBeGreaterThan(100)
})

/** An object as it is written, with every member it was given. */
class Members {
  readonly pairs: readonly (readonly [string, unknown])[]

  constructor(pairs: readonly (readonly [string, unknown])[]) {
    this.pairs = pairs
  }

  namesTwice(): boolean {
    return (
      new Set(this.pairs.map(([name]) => name)).size < this.pairs.length || this.pairs.some(([, inner]) => twice(inner))
    )
  }
}

function twice(inner: unknown): boolean {
  if (Array.isArray(inner)) return inner.some(twice)
  return inner instanceof Members && inner.namesTwice()
}

function write(inner: unknown, gap: string): string {
  if (Array.isArray(inner)) return `[${gap}${inner.map((item) => write(item, gap)).join(`${gap},`)}]`
  if (!(inner instanceof Members)) return JSON.stringify(inner)
  const pairs = inner.pairs.map(([name, item]) => `${JSON.stringify(name)}${gap}:${gap}${write(item, gap)}`)
  return `{${gap}${pairs.join(`${gap},${gap}`)}${gap}}`
}
