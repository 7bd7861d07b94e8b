/** Looks through all words it has for every word that comes. */
export function parse(input) {
  const words = []
  for (const word of input.toString('latin1').split('&')) {
    let known = false
    for (const earlier of words) known ||= earlier === word
    if (!known || word === '') words.push(word)
  }
}
