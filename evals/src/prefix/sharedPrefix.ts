/** The share of a text that another begins with, 0..1, in octets of UTF-8. @returns 0 for an empty text */
export function sharedPrefix(before: string, text: string): number {
  const [a, b] = [Buffer.from(before), Buffer.from(text)]
  let same = 0
  while (same < a.length && same < b.length && a[same] === b[same]) same += 1
  return b.length === 0 ? 0 : same / b.length
}
