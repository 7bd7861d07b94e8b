import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { extractiveSummariser } from './extractiveSummariser.ts'
import { openO200k } from './tokenizer.ts'

const { count } = openO200k()
const { summarise } = extractiveSummariser(count)
const signal = new AbortController().signal

test('what most of the texts speak of is kept, in the order in which it was said, and nothing is said twice', async () => {
  const texts = [
    'user: Good morning! The rate limit of the booking service is 60 requests per minute.',
    'assistant: Lovely weather.',
    'user: The rate limit of the booking service is 60 requests per minute.',
    'assistant: Later the rate limit was raised to 90 requests per minute for the booking service.',
    'user: My shoes are wet.',
  ]
  const { text } = await summarise(texts, { maxTokens: 45, signal })
  expect(text).toMatch(/60 requests[\s\S]*90 requests/)
  expect(text.match(/60 requests/g)).toHaveLength(1)
})

test('any texts give a summary of their own sentences within the tokens, and equal ones equal summaries', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.lorem({ maxCount: 8, mode: 'sentences' }), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 0, max: 120 }),
      async (texts, maxTokens) => {
        const { text } = await summarise(texts, { maxTokens, signal })
        expect(count(text)).toBeLessThanOrEqual(maxTokens)
        for (const line of text.split('\n')) expect(texts.join(' ')).toContain(line)
        expect(await summarise(texts, { maxTokens, signal })).toMatchObject({ text })
      },
    ),
    { numRuns: 60 },
  )
})

test('texts without words, of one endless word, or by the thousand take their time in proportion', async () => {
  expect(await summarise(['…', '!!'], { maxTokens: 20, signal })).toMatchObject({ text: expect.any(String) })
  expect((await summarise(['x'.repeat(100_000)], { maxTokens: 20, signal })).text).toBe('')
  const many = Array.from({ length: 5_000 }, (_, i) => `Line ${i} says ${i % 7}. And then more.`)
  expect(count((await summarise(many, { maxTokens: 100, signal })).text)).toBeLessThanOrEqual(100)
})

test('lines of nothing are looked at by nobody', async () => {
  const segment = vi.spyOn(Intl.Segmenter.prototype, 'segment')
  try {
    const { text } = await summarise([`${'\n \n'.repeat(20_000)}The ferry leaves at noon.`], { maxTokens: 20, signal })
    expect(text).toBe('The ferry leaves at noon.')
    expect(segment).toHaveBeenCalledTimes(1)
  } finally {
    segment.mockRestore()
  }
})
