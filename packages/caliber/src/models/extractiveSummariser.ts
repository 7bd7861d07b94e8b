/**
 * Summaries without a model: the sentences that say most of what all of them say, in the order in which they were said.
 *
 * Sentences are vectors of their words, weighed by tf·idf over the texts given. The next sentence taken is the one with the largest
 *
 *     λ · cosine(sentence, centroid) − (1 − λ) · max cosine(sentence, one taken before),   λ = 0.7
 *
 * until none fits: the centroid of Radev et al. (Information Processing & Management 40, 2004), made less repetitive by the
 * maximal marginal relevance of Carbonell & Goldstein (SIGIR 1998). Equal texts give equal summaries.
 */
import { setImmediate } from 'node:timers/promises'
import { CaliberError } from '../domain/errors.ts'
import type { Summariser } from './summariser.ts'

/** Sentences looked at; of more, the first of each text are taken in turn. Bounds the work, which grows with their square. */
const mostSentences = 256
const longestSentenceChars = 600
const relevance = 0.7

/** @param countTokens what summaries are measured in */
export function extractiveSummariser(countTokens: (text: string) => number): Summariser {
  return {
    name: 'extractive/1',
    isLocal: true,
    async summarise(texts, { maxTokens, signal }) {
      // Many summaries in a row must not keep everybody else from the processor.
      await setImmediate()
      if (signal.aborted) throw new CaliberError('unavailable', 'The summary was cancelled.')
      const sentences = sentencesOf(texts)
      const taken = chosen(sentences, maxTokens, countTokens)
      const text = taken
        .sort((a, b) => a - b)
        .map((i) => sentences[i] ?? '')
        .join('\n')
      return { text, inputTokens: 0, outputTokens: 0 }
    },
  }
}

function chosen(sentences: readonly string[], maxTokens: number, countTokens: (text: string) => number): number[] {
  const vectors = vectorsOf(sentences)
  const centroid = sumOf(vectors)
  const left = new Set(
    vectors.map((vector, place) => ({
      place,
      vector,
      tokens: countTokens(sentences[place] ?? '') + 1,
      closeness: cosine(vector, centroid),
      /** Of what was taken. */
      repetition: 0,
    })),
  )
  const worthOf = ({ closeness, repetition }: { closeness: number; repetition: number }) =>
    relevance * closeness - (1 - relevance) * repetition
  const taken: number[] = []
  let leftTokens = maxTokens
  for (;;) {
    for (const sentence of left) if (sentence.tokens > leftTokens) left.delete(sentence)
    const [first, ...others] = left
    if (!first) return taken
    const best = others.reduce((a, b) => (worthOf(b) > worthOf(a) ? b : a), first)
    left.delete(best)
    taken.push(best.place)
    leftTokens -= best.tokens
    for (const sentence of left)
      sentence.repetition = Math.max(sentence.repetition, cosine(sentence.vector, best.vector))
  }
}

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' })
const words = /[\p{L}\p{N}]+/gu

function sentencesOf(texts: readonly string[]): readonly string[] {
  const perText = Math.max(1, Math.floor(mostSentences / texts.length))
  return texts.slice(0, mostSentences).flatMap((text) => {
    const sentences: string[] = []
    // A line is a sentence at most: lists and transcripts have no full stops.
    for (const line of text.split('\n')) {
      // Blank lines are no sentences, and there may be a million of them.
      if (line.trim() === '') continue
      for (const { segment } of segmenter.segment(line)) {
        const sentence = segment.trim().slice(0, longestSentenceChars).toWellFormed()
        if (sentence !== '') sentences.push(sentence)
        if (sentences.length === perText) return sentences
      }
    }
    return sentences
  })
}

interface Vector {
  readonly weights: ReadonlyMap<string, number>
  readonly length: number
}

function vectorsOf(sentences: readonly string[]): readonly Vector[] {
  const counted = sentences.map((sentence) => {
    const counts = new Map<string, number>()
    for (const [word] of sentence.toLowerCase().matchAll(words)) counts.set(word, (counts.get(word) ?? 0) + 1)
    return counts
  })
  const holders = new Map<string, number>()
  for (const counts of counted) for (const word of counts.keys()) holders.set(word, (holders.get(word) ?? 0) + 1)
  const weight = (word: string, count: number) => count * Math.log(1 + sentences.length / (holders.get(word) ?? 1))
  return counted.map((counts) => vectorOf(new Map(Array.from(counts, ([word, count]) => [word, weight(word, count)]))))
}

function vectorOf(weights: ReadonlyMap<string, number>): Vector {
  let sum = 0
  for (const weight of weights.values()) sum += weight * weight
  return { weights, length: Math.sqrt(sum) }
}

function sumOf(vectors: readonly Vector[]): Vector {
  const sum = new Map<string, number>()
  for (const { weights } of vectors) {
    for (const [word, weight] of weights) sum.set(word, (sum.get(word) ?? 0) + weight)
  }
  return vectorOf(sum)
}

function cosine(a: Vector, b: Vector): number {
  const [small, large] = a.weights.size < b.weights.size ? [a, b] : [b, a]
  let dot = 0
  for (const [word, weight] of small.weights) dot += weight * (large.weights.get(word) ?? 0)
  return dot === 0 ? 0 : dot / (a.length * b.length)
}
