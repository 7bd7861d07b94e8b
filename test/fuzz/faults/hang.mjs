/** Never leaves a quoted text that is not closed. */
export function parse(input) {
  const text = input.toString('latin1')
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '"') continue
    at += 1
    while (text[at] !== '"') at += 1
  }
}
