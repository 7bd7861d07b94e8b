/**
 * Count tokens by a named tokenizer.
 *
 * Counts equal the library's on every text and cost O(n log n) (`longPieces.ts`). They are cached per text, as the
 * same items are priced again and again; the cache is bounded by bytes, and a large text passes it by.
 */
import { createRequire } from 'node:module'
import type * as vocabulary from 'gpt-tokenizer/bpeRanks/o200k_base'
import type * as encoding from 'gpt-tokenizer/encoding/o200k_base'
import type * as patterns from 'gpt-tokenizer/encodingParams/constants'
import type { TokenCounter } from '../domain/context/tokenCounter.ts'
import { isCertainCut } from './certainCut.ts'
import { openCountCache } from './countCache.ts'
import { openLongPieceCount, type PieceLibrary } from './longPieces.ts'
import { openRankTable } from './rankTable.ts'

export type Tokenizer = TokenCounter

/** About what 16 million characters take. */
const cacheBytes = 32 * 1024 * 1024
/** A longer text would push thousands of others out for one count of some ten milliseconds. */
const longestCached = 100_000

/**
 * Entries of the library's own cache of merged words. Its default of 100,000 is no faster (2026-11: 6.4 MB/s of new
 * prose and code either way); with these, hostile text of distinct CJK pieces filled it to 33 MB.
 */
const mergeCacheEntries = 20_000

/** The tokenizer of OpenAI's current models, by the kept library `gpt-tokenizer`. Loads its table on the first count. */
export function openO200k(): Tokenizer {
  const cache = openCountCache(cacheBytes)
  // Words and labels: too many and too cheap for the other cache, whose entries are kept in order of use.
  const shortCounts = new Map<string, number>()
  let library: ((text: string) => number) | undefined
  const uncached = (text: string): number => {
    library ??= openLongPieceCount(loadO200k())
    return library(text)
  }
  const count = (text: string): number => {
    const known = cache.get(text)
    if (known !== undefined) return known
    const tokens = uncached(text)
    if (text.length <= longestCached) cache.add(text, tokens)
    return tokens
  }
  const countShort = (text: string): number => {
    if (text.length > reach) return uncached(text)
    const known = shortCounts.get(text)
    if (known !== undefined) return known
    const tokens = uncached(text)
    if (shortCounts.size >= mostShort) shortCounts.clear()
    // A copy, as in countCache.ts.
    shortCounts.set(` ${text}`.slice(1), tokens)
    return tokens
  }
  return {
    name: 'o200k_base',
    count,
    countAround(head, body, bodyTokens, tail) {
      const first = cutAfter(body)
      const last = cutBefore(body)
      if (first === undefined || last === undefined || last < first) return count(head + body + tail)
      const [start, end] = [body.slice(0, first), body.slice(last)]
      const label = isCertainCut(head + start, head.length)
        ? countShort(head)
        : countShort(head + start) - countShort(start)
      return label + bodyTokens - countShort(end) + countShort(end + tail)
    },
  }
}

/** How far from the ends of a text a cut is looked for. */
const reach = 64
const mostShort = 10_000

function cutAfter(text: string): number | undefined {
  for (let at = 1; at < Math.min(text.length, reach); at += 1) if (isCertainCut(text, at)) return at
  return undefined
}

function cutBefore(text: string): number | undefined {
  for (let at = text.length - 1; at > Math.max(0, text.length - reach); at -= 1) if (isCertainCut(text, at)) return at
  return undefined
}

/**
 * Load `gpt-tokenizer`'s o200k_base.
 *
 * By `require`, as counting is synchronous and the table should not load with the module; the CommonJS build loads as
 * fast as the ESM one (about 210 ms) and keeps 6 MiB less. Its parts are already loaded when the ranks are asked for.
 */
export function loadO200k(): PieceLibrary {
  const require = createRequire(import.meta.url)
  const { countTokens, setMergeCacheSize } = require('gpt-tokenizer/encoding/o200k_base') as typeof encoding
  const { O200K_TOKEN_SPLIT_REGEX } = require('gpt-tokenizer/encodingParams/constants') as typeof patterns
  setMergeCacheSize(mergeCacheEntries)
  // Text that looks like a special token is text.
  const asText = { disallowedSpecial: new Set<string>() }
  return {
    countStretch: (text) => countTokens(text, asText),
    pattern: O200K_TOKEN_SPLIT_REGEX,
    loadRanks() {
      const ranks = require('gpt-tokenizer/bpeRanks/o200k_base') as typeof vocabulary
      return openRankTable(ranks.default)
    },
  }
}
