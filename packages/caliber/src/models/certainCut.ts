/**
 * Places where o200k's split pattern certainly ends one piece and starts the next, told from two ASCII characters.
 *
 * Cutting a text there is exact: the pieces before the cut and after it are those of the whole text. The pattern
 *
 *   ^?U*L+('s…)? | ^?U+L*('s…)? | \p{N}{1,3} | ␣?[^\s\p{L}\p{N}]+[\r\n/]* | \s*[\r\n]+ | \s+(?!\S) | \s+
 *   (^ = any but \r \n letter digit; U, L = letters and marks)
 *
 * looks back nowhere, so what follows a piece's end is matched independently; it looks ahead only in `\s+(?!\S)`,
 * so a cut after a blank is never certain, while one after a newline is (`\s*[\r\n]+` is tried before).
 */
const other = 0
const letter = 1
const digit = 2
const sign = 3
const slash = 4
const apostrophe = 5
const blank = 6
const newline = 7
const kinds = 8

/** The kind of each ASCII character; anything else is `other`, beside which no cut is certain. */
const kindOf = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code)
  if (/[A-Za-z]/.test(char)) return letter
  if (/\d/.test(char)) return digit
  if (char === '/') return slash
  if (char === "'") return apostrophe
  if (/[\r\n]/.test(char)) return newline
  return /\s/.test(char) ? blank : sign
})

/** `certain[kind before · kinds + kind after]` is 1 where a piece certainly ends between the two. */
const certain = new Uint8Array(kinds * kinds)
// A word takes in no more than letters, marks of letters and one contraction; so an apostrophe is not certain.
for (const after of [digit, sign, slash, blank, newline]) certain[letter * kinds + after] = 1
for (const after of [letter, sign, slash, apostrophe, blank, newline]) certain[digit * kinds + after] = 1
// Signs take in newlines and slashes behind them, and the last of them may lead a word.
for (const before of [sign, slash, apostrophe]) for (const after of [digit, blank]) certain[before * kinds + after] = 1
// Newlines may end signs, which then go on with a slash, or blanks, which go on to the last newline of the run.
for (const after of [letter, digit, sign, apostrophe]) certain[newline * kinds + after] = 1

/** Whether a piece certainly ends before `text[at]`; `at` is at least 1. */
export function isCertainCut(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1)
  const after = text.charCodeAt(at)
  return before < 128 && after < 128 && certain[(kindOf[before] ?? other) * kinds + (kindOf[after] ?? other)] === 1
}
