/** Text that people and models wrote: cut into terms and tokens, and shown on a terminal. */
import assert from 'node:assert/strict'
import { built, loadBuilt } from '../built.mjs'

const scripts = [
  'é',
  'İ',
  'ß',
  '漢字',
  'かな',
  'ไทย',
  '한글',
  'नमस्ते',
  '😀',
  '\u0301',
  '\u200d',
  '\ud83d',
  'ﬁ',
  '\u202e',
  '\u0000',
]

/** Terms of a query: short, none empty, and the same whether words were known before or not. */
const terms = {
  name: 'query-terms',
  guides: [built('derive/lexical/terms.js'), built('derive/lexical/knownWords.js')],
  seeds: [
    "She's reading HTTPServer.readFile in foo_bar v1.2.0",
    '漢字とかな ไทย',
    'İstanbul naïve co-operate 2023-05-08',
  ],
  dictionary: [...scripts, '_', '.', '-', "'", '’', 'aB', 'HTTPs', '1.2', ' ', 'running', "n't"],
  async load() {
    const { MAX_TERM_LENGTH, queryTermsOf, termsOf } = await loadBuilt('derive/lexical/terms.js')
    const { KnownWords } = await loadBuilt('derive/lexical/knownWords.js')
    const known = new KnownWords()
    return (input) => {
      const text = input.toString()
      const found = termsOf(text)
      for (const term of found) assert.ok(term !== '' && term.length <= MAX_TERM_LENGTH, `the term ${term}`)
      assert.deepEqual(termsOf(text, known), found)
      assert.deepEqual(queryTermsOf(text), [...new Set(found)])
    }
  },
}

const tokens = {
  name: 'token-count',
  guides: ['tokenizer', 'longPieces', 'certainCut', 'bytePairMerge', 'minHeap', 'rankTable'].map((name) =>
    built(`models/${name}.js`),
  ),
  seeds: ['The rate limit is 120 a minute.', `${'x'.repeat(300)} 漢字`, '<|endoftext|>', '\n\n\t  '],
  dictionary: [...scripts, ' ', '\n', 'aaaaaaaa', '<|endoftext|>', "'ll", '1234567', '=====', 'x'.repeat(64)],
  async load() {
    const { openO200k } = await loadBuilt('models/tokenizer.js')
    const { count } = openO200k()
    return (input) => {
      const text = input.toString()
      const counted = count(text)
      assert.ok(Number.isInteger(counted) && counted <= Buffer.byteLength(text) && (counted > 0 || text === ''))
    }
  },
}

/** What is printed can neither steer a terminal nor break a column. */
const terminalText = {
  name: 'terminal-text',
  guides: [built('surfaces/cli/visible.js')],
  seeds: ['a \x1b[31mred\x1b[0m\r\nb', 'wide 漢字 \u202e', 'tab\tand \u0007 bell'],
  dictionary: [...scripts, '\x1b[', '\x9b', '\r', '\n', '\u2028', '\u2066', ' '],
  maxBytes: 300,
  async load() {
    const { cutTo, oneLine, visible, widthOf } = await loadBuilt('surfaces/cli/visible.js')
    return (input) => {
      const text = input.toString()
      const line = oneLine(text)
      for (const shown of [visible(text), line])
        assert.doesNotMatch(shown, /[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/u)
      assert.ok(!line.includes('\n'))
      const width = 1 + ((input[0] ?? 0) % 40)
      const cut = cutTo(line, width)
      assert.ok(widthOf(cut) <= width, `${widthOf(cut)} columns of ${width}`)
      assert.ok(line.startsWith(cut.replace(/…$/, '')))
    }
  },
}

export const textParsers = [terms, tokens, terminalText]
