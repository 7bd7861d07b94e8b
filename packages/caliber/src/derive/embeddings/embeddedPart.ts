/** UTF-16 units that a model is shown: below the 8,191 tokens of OpenAI's models in any script but the rarest. */
const embeddedChars = 6_000

/** The part of a text that its vector stands for: its beginning, where it is long. */
export function embeddedPart(text: string): string {
  return text.slice(0, embeddedChars).toWellFormed()
}
