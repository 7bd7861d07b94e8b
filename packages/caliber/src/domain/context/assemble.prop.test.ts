/** The rules of SPEC.md for any candidates, any format, any budget. fast-check prints the seed of a failure. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CaliberError } from '../errors.ts'
import { assembleWindow } from './assemble.ts'
import { sections } from './sections.ts'
import { basisOf, candidates, hostileText, requestOf, tokenizer } from './testing/candidates.ts'
import { formats, type Window, type WindowRequest } from './window.ts'

const requests = fc.record({
  query: fc.option(hostileText.filter((text) => text !== '')),
  system: fc.option(hostileText.filter((text) => text !== '')),
  budgetTokens: fc.integer({ min: 1, max: 600 }),
  format: fc.constantFrom(...formats),
})

/** Run a check on every window that can be assembled; a budget that is too small is no counter-example. */
function everyWindow(check: (window: Window, request: WindowRequest, proposed: Parameters<typeof basisOf>[0]) => void) {
  fc.assert(
    fc.property(requests, candidates, (drawn, proposed) => {
      const request = requestOf(drawn)
      let window: Window
      try {
        window = assembleWindow(request, basisOf(proposed))
      } catch (error) {
        if (error instanceof CaliberError && error.code === 'budget_too_small') return
        throw error
      }
      check(window, request, proposed)
    }),
    { numRuns: 300 },
  )
}

test('W1: equal arguments give equal windows', () => {
  everyWindow((window, request, proposed) => {
    expect(assembleWindow(request, basisOf(proposed))).toEqual(window)
  })
})

test('W2, W7: the receipt counts exactly what a tokenizer counts on the whole, and it is within the budget', () => {
  everyWindow(({ text, messages, receipt }, { budgetTokens }) => {
    const counted =
      text !== null
        ? tokenizer.count(text)
        : (messages ?? []).reduce((sum, { content }) => sum + 4 + tokenizer.count(content), 3)
    expect(receipt.usedTokens).toBe(counted)
    expect(receipt.sections.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(counted)
    expect(counted).toBeLessThanOrEqual(budgetTokens)
  })
})

test('W4: one verdict for each candidate, positions without gaps, totals that add up', () => {
  everyWindow(({ receipt: { verdicts, totals } }, _, proposed) => {
    expect(verdicts.map(({ id }) => id).sort()).toEqual([...new Set(proposed.map(({ item }) => item.id))].sort())
    const included = verdicts.filter(({ verdict }) => verdict === 'included')
    expect(included.map(({ position }) => position)).toEqual(included.map((_, i) => i + 1))
    expect(totals).toEqual({
      candidates: verdicts.length,
      included: included.length,
      excluded: verdicts.length - included.length,
    })
  })
})

test('W6: a Markdown window read back line by line gives its items and nothing else', () => {
  everyWindow(({ text, receipt }, { format, query, system }) => {
    if (format !== 'markdown' || text === null || system !== null || query !== null) return
    const starts = text
      .split(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/)
      .filter((line) => line !== '' && !line.startsWith('  '))
    const items = starts.filter((line) => /^- \[\d{4}-\d\d-\d\d \d\d:\d\d [a-z]+\] /.test(line))
    const headings = starts.filter((line) => sections.some(({ heading }) => line === `## ${heading}`))
    expect(items).toHaveLength(receipt.totals.included)
    expect(starts).toHaveLength(items.length + headings.length)
  })
})

test('W6: an XML window has the items that went in, with their text, and no other element', () => {
  everyWindow(({ text, receipt }, { format, query, system }, proposed) => {
    if (format !== 'xml' || text === null) return
    const elements = [...text.matchAll(/<(\/?)([a-z]+)/g)].map(([, slash, name]) => `${slash}${name}`)
    const known = ['context', 'instructions', 'question', 'item', ...sections.map(({ name }) => name)]
    expect(elements.filter((name) => !known.includes(name.replace('/', '')))).toEqual([])
    const read = [...text.matchAll(/<item from="[^"]*" at="[^"]*">([^<]*)<\/item>/g)].map(([, body]) =>
      unescapeXml(body ?? ''),
    )
    expect(read).toEqual(textsInOrder(receipt.verdicts, proposed))
    expect(elements.filter((name) => name === 'item')).toHaveLength(read.length)
    expect(elements.filter((name) => name === 'question')).toHaveLength(query === null ? 0 : 1)
    expect(elements.filter((name) => name === 'instructions')).toHaveLength(system === null ? 0 : 1)
  })
})

test('W6: a JSON window is one JSON document with the items that went in', () => {
  everyWindow(({ text, receipt }, { format, query, system }, proposed) => {
    if (format !== 'json' || text === null) return
    const parsed = JSON.parse(text) as Record<string, unknown>
    const read = sections.flatMap(({ name }) => (parsed[name] ?? []) as { text: string }[])
    expect(read.map((entry) => entry.text)).toEqual(textsInOrder(receipt.verdicts, proposed))
    expect(parsed['question'] ?? null).toBe(query)
    expect(parsed['instructions'] ?? null).toBe(system)
  })
})

test('W8: sections stand in their order, and items in time within all but history', () => {
  everyWindow(({ receipt: { verdicts } }) => {
    const included = verdicts.filter(({ verdict }) => verdict === 'included')
    const order = included.map(({ section }) => sections.findIndex(({ name }) => name === section))
    expect(order).toEqual([...order].sort((a, b) => a - b))
    for (const { name } of sections) {
      if (name === 'history') continue
      const times = included.filter(({ section }) => section === name).map(({ at }) => at)
      expect(times).toEqual([...times].sort())
    }
  })
})

function unescapeXml(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}

function textsInOrder(verdicts: Window['receipt']['verdicts'], proposed: Parameters<typeof basisOf>[0]): string[] {
  const shown = new Map(proposed.map(({ item, brief }) => [item.id, { fits: item.text, summarised: brief?.text }]))
  return verdicts
    .filter(({ verdict }) => verdict === 'included')
    .map(({ id, reason }) => shown.get(id)?.[reason === 'summarised' ? reason : 'fits'] ?? '')
}
