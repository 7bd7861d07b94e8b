/** What a window's tokens are counted with. */
export interface TokenCounter {
  /** As receipts name it. */
  readonly name: string
  count(text: string): number
  /** The count of `head + body + tail`, told that of the body: for long texts far less work, and the same number. */
  countAround(head: string, body: string, bodyTokens: number, tail: string): number
}
