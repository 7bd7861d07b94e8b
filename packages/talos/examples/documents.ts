import assert from 'node:assert/strict'
// #region example
import { collection, createGraph } from '@caliber/talos'

const graph = createGraph()
const documents = collection<string, string>(graph, [
  ['a', 'the cat sat'],
  ['b', 'the dog ran far'],
])

let counted = 0
const words = documents.map((text) => {
  counted++
  return text.split(' ').length
})
const totalWords = words.fold(
  0,
  (sum, count) => sum + count,
  (sum, count) => sum - count,
)
const byLength = words.group((count) => (count > 3 ? 'long' : 'short'))

const before = totalWords.get()
documents.set('c', 'hi')
documents.delete('a')
const after = totalWords.get()
const long = [...(byLength.get().get('long')?.keys() ?? [])]
// #endregion
assert.deepEqual([before, after, counted, long], [7, 5, 3, ['b']])
