import { createHash } from 'node:crypto'

/** A direction that depends on the words of a text: texts that share words lie closer together. */
export function hashVector(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions)
  for (const word of text.toLowerCase().split(/\W+/)) {
    const digest = createHash('sha256').update(word).digest()
    for (let i = 0; i < dimensions; i += 1) vector[i] = (vector[i] ?? 0) + (digest.readInt8(i % 32) + i / dimensions)
  }
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}
