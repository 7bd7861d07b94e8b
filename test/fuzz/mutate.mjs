/**
 * Inputs from inputs: octets changed blindly, words of the format put in, two inputs spliced, and, where the input is JSON,
 * its tree changed so that what comes out is JSON again.
 */

/**
 * @param parser its `dictionary`, `shape` and `maxBytes`
 * @param {Buffer[]} corpus at least one input
 */
export function mutator({ dictionary, shape = 'text', maxBytes = 1_024 }, random) {
  const words = dictionary.map((word) => Buffer.from(word))
  return (corpus) => {
    // The later of two: what is new led somewhere new.
    const chosen = corpus[Math.max(random.below(corpus.length), random.below(corpus.length))]
    let bytes = Buffer.from(chosen)
    if (shape !== 'text' && random.below(2) === 0) bytes = changedJson(bytes, shape, dictionary, random)
    if (shape === 'text' || random.below(2) === 0) {
      for (let left = 1 + random.below(4); left > 0; left--) bytes = changedBytes(bytes, words, corpus, random)
    }
    return bytes.subarray(0, maxBytes)
  }
}

function changedBytes(bytes, words, corpus, random) {
  const at = random.below(bytes.length + 1)
  const put = (piece, replaced = 0) => Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + replaced)])
  switch (random.below(9)) {
    case 0:
      return put(Buffer.of(random.below(256)))
    case 1:
      return put(Buffer.of(32 + random.below(95)), random.below(2))
    case 2:
      return put(Buffer.alloc(0), 1 + random.below(8))
    case 3:
      if (at < bytes.length) bytes[at] ^= 1 << random.below(8)
      return bytes
    case 4:
    case 5:
      return words.length === 0 ? bytes : put(random.pick(words), random.below(2) * random.below(8))
    case 6: {
      const repeated = bytes.subarray(at, at + 1 + random.below(16))
      return put(Buffer.concat(Array.from({ length: 1 << random.below(6) }, () => repeated)))
    }
    case 7: {
      const other = random.pick(corpus)
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random.below(other.length + 1))])
    }
    default: {
      const from = random.below(bytes.length + 1)
      return put(Buffer.from(bytes.subarray(from, from + 1 + random.below(32))))
    }
  }
}

/** Change the tree of the input, or of one of its lines; what is no JSON stays as it is. */
function changedJson(bytes, shape, dictionary, random) {
  const lines = shape === 'jsonLines' ? bytes.toString().split('\n') : [bytes.toString()]
  const at = random.below(lines.length)
  try {
    const root = { value: JSON.parse(lines[at]) }
    for (let left = 1 + random.below(3); left > 0; left--) changeTree(root, dictionary, random)
    lines[at] = JSON.stringify(root.value, null, random.pick([0, 0, 0, 1])) ?? ''
    // A twin now and then: what repeats is a case of its own.
    if (shape === 'jsonLines' && random.below(8) === 0) lines.push(lines[at])
    return Buffer.from(lines.join('\n'))
  } catch {
    return bytes
  }
}

function changeTree(root, dictionary, random) {
  const places = placesIn(root)
  const { holder, key } = random.pick(places)
  const set = (value) =>
    Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true })
  switch (random.below(7)) {
    case 0:
      return set(random.pick(strange))
    case 1:
      return set(unquoted(dictionary.length === 0 ? '' : random.pick(dictionary)))
    case 2: {
      const other = random.pick(places)
      return set(structuredClone(other.holder[other.key]))
    }
    case 3:
      if (Array.isArray(holder)) holder.splice(key, 1)
      else if (holder !== root) delete holder[key]
      return holder
    case 4: {
      let value = holder[key]
      for (let levels = 1 << random.below(8); levels > 0; levels--) value = random.below(2) ? [value] : { a: value }
      return set(value)
    }
    case 5: {
      const value = holder[key]
      if (typeof value === 'string') return set(value + value)
      if (!Array.isArray(value) || value.length === 0) return set([value, value])
      return value.push(structuredClone(random.pick(value)))
    }
    default: {
      const value = holder[key]
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return set({ [key]: value })
      const name = unquoted(dictionary.length === 0 ? '' : random.pick(dictionary))
      const entry = { value: random.pick(strange), enumerable: true, configurable: true, writable: true }
      return Object.defineProperty(value, typeof name === 'string' ? name : '__proto__', entry)
    }
  }
}

/** Where values stand, at most so many. */
function placesIn(root) {
  const places = [{ holder: root, key: 'value' }]
  for (let at = 0; at < places.length && places.length < 500; at++) {
    const value = places[at].holder[places[at].key]
    if (typeof value !== 'object' || value === null) continue
    for (const key of Object.keys(value)) places.push({ holder: value, key: Array.isArray(value) ? Number(key) : key })
  }
  return places
}

/** A word of the dictionary as the value it stands for. */
function unquoted(word) {
  try {
    return JSON.parse(word)
  } catch {
    return word
  }
}

const strange = [
  null,
  true,
  0,
  -1,
  0.5,
  1e308,
  2 ** 53,
  '',
  ' ',
  '0',
  'x'.repeat(201),
  '\0',
  '\ud800',
  '__proto__',
  [],
  {},
  [[]],
  [null],
  { '': '' },
]
