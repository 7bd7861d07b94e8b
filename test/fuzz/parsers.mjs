/**
 * Every parser there is. A new one is one entry in a file of `parsers/`:
 *
 *     name        how the command and the corpus call it
 *     guides      built modules whose branches guide the fuzzer; `built('folder/')` stands for all below
 *     seeds       valid inputs to begin with, or a function that gives them
 *     dictionary  words of the format, likewise
 *     shape       'json' or 'jsonLines' where the tree of an input should be changed too; 'text' unless given
 *     maxBytes    of an input; 1,024 unless given
 *     load()      import the built modules; returns what is done with one input (a Buffer): run the parser and check what it
 *                 promises. Throws, or rejects, when a promise is broken; a documented refusal is none (`refusal.mjs`)
 */
import { faults } from './faults/faults.mjs'
import { commandLineParsers } from './parsers/commandLine.mjs'
import { credentialParsers } from './parsers/credentials.mjs'
import { lineParsers } from './parsers/lines.mjs'
import { requestParsers } from './parsers/requests.mjs'
import { storedParsers } from './parsers/stored.mjs'
import { textParsers } from './parsers/texts.mjs'
import { tokenParsers } from './parsers/tokens.mjs'
import { transcriptParsers } from './parsers/transcripts.mjs'

export const parsers = [
  ...transcriptParsers,
  ...credentialParsers,
  ...tokenParsers,
  ...requestParsers,
  ...lineParsers,
  ...commandLineParsers,
  ...storedParsers,
  ...textParsers,
]

/** A parser, or one of the faults that show what the fuzzer finds. @throws RangeError naming those there are */
export function parserNamed(name) {
  const found = [...parsers, ...faults].find((parser) => parser.name === name)
  if (found) return found
  throw new RangeError(
    `There is no parser ${name}. Choose all, or one of ${parsers.map((parser) => parser.name).join(', ')}.`,
  )
}
