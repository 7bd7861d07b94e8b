/**
 * What the crash tests write into a memory, and how they tell afterwards what became of it.
 *
 * A batch is acknowledged as a whole and must be there as a whole. Each of its records carries a label, `key#j/n`, and
 * text that follows from the label and does not compress: a record that is there with another text is torn.
 */
import { seeded } from '../dist/e2e/seeded.js'

/** The texts of a batch. @param key without `#` and blanks, unique among all batches */
export function batch(key, size) {
  return Array.from({ length: size }, (_, j) => textOf(`${key}#${j + 1}/${size}`))
}

/**
 * Compare what is stored with what was acknowledged.
 *
 * @param texts of all records
 * @param acknowledged keys of batches
 * @returns keys of batches that were lost, are there twice, or in part or changed; the number of batches there
 */
export function judge(texts, acknowledged) {
  const found = new Map()
  const [twice, torn] = [new Set(), new Set()]
  for (const text of texts) {
    const label = text.split(' ', 1)[0]
    const [key, place] = label.split('#')
    const places = found.get(key) ?? new Set()
    if (places.has(place)) twice.add(key)
    if (text !== textOf(label)) torn.add(key)
    found.set(key, places.add(place))
  }
  for (const [key, places] of found) {
    const [first] = places
    if (places.size !== Number(first.split('/')[1])) torn.add(key)
  }
  const lost = acknowledged.filter((key) => !found.has(key))
  return { present: found.size, lost, twice: [...twice], torn: [...torn] }
}

function textOf(label) {
  let hash = 0
  for (const char of label) hash = (Math.imul(hash, 31) + char.charCodeAt(0)) >>> 0
  const random = seeded(hash)
  // Mostly small; one in ten fills pages of its own.
  const words = random.below(10) === 0 ? 1_500 : random.below(100)
  return [label, ...Array.from({ length: words }, () => random.below(2 ** 32).toString(36))].join(' ')
}
