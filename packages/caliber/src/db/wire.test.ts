import { expect, test } from 'vitest'
import { isoUtc, parseTextArray, safeInteger } from './wire.ts'

test('values come back as the server meant them', () => {
  expect(parseTextArray('{a,"b \\"c\\"",NULL,"NULL"}')).toEqual(['a', 'b "c"', null, 'NULL'])
  expect(parseTextArray('{}')).toEqual([])
  expect(isoUtc('2026-11-22 00:13:36.123456+00')).toBe('2026-11-22T00:13:36.123Z')
  expect(safeInteger('-12')).toBe(-12)
})

test.each([
  '{"',
  '{"a',
  '{a,"b}',
  '{"a\\"}',
])('the list %s, whose text has no end, is refused instead of read for ever', (literal) => {
  expect(() => parseTextArray(literal)).toThrow(expect.objectContaining({ code: 'internal' }))
})

test.each([
  'infinity',
  '-infinity',
  '',
  '294276-01-01 00:00:00+00',
])('the time %s, which no Date holds, is refused', (text) => {
  expect(() => isoUtc(text)).toThrow(expect.objectContaining({ code: 'internal' }))
})
