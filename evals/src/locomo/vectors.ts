/** Vectors that were computed before, as an embedding model: `minilm.f32` holds them, `minilm.ids.json` says whose they are. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Embedder } from 'caliber'
import type { Conversation } from './data.ts'

type Vectors = Map<string, Float32Array>

const numbersFile = 'minilm.f32'
const namesFile = 'minilm.ids.json'
/** Texts between two reports of progress. */
const textsAtOnce = 32

/** @returns undefined where the folder holds no vectors */
export async function readEmbedder(
  folder: string,
  conversations: readonly Conversation[],
): Promise<Embedder | undefined> {
  const vectors = await readVectors(folder)
  return vectors && knowing(vectors, conversations, 'all-MiniLM-L6-v2')
}

/**
 * Compute the vectors of all turns and questions that a folder does not hold yet, and keep them there.
 *
 * @param folder where they are kept; nowhere where left out
 * @param progress called with the share done, 0..1
 */
export async function makeEmbedder(
  model: Embedder,
  folder: string | undefined,
  conversations: readonly Conversation[],
  progress: (share: number) => void,
): Promise<Embedder> {
  const vectors: Vectors = (folder !== undefined && (await readVectors(folder))) || new Map()
  const missing = conversations.map((conversation) => textsOf(conversation).filter(({ name }) => !vectors.has(name)))
  const total = missing.flat().length
  let done = 0
  for (const texts of missing) {
    for (let from = 0; from < texts.length; from += textsAtOnce) {
      const batch = texts.slice(from, from + textsAtOnce)
      const computed = await model.embed(
        batch.map(({ text }) => text),
        { signal: new AbortController().signal },
      )
      for (const [i, vector] of computed.entries()) vectors.set(batch[i]?.name ?? '', vector)
      done += batch.length
      progress(done / total)
    }
    // Conversation by conversation: a run that is broken off goes on where it was.
    if (folder !== undefined && texts.length > 0) await writeVectors(folder, vectors)
  }
  return knowing(vectors, conversations, model.model)
}

async function readVectors(folder: string): Promise<Vectors | undefined> {
  const octets = await readFile(path.join(folder, numbersFile)).catch(() => undefined)
  const names = await readFile(path.join(folder, namesFile), 'utf8').catch(() => undefined)
  if (!octets || names === undefined) return undefined
  const ids = JSON.parse(names) as readonly string[]
  const numbers = new Float32Array(octets.buffer.slice(octets.byteOffset, octets.byteOffset + octets.byteLength))
  const dimensions = numbers.length / ids.length
  return new Map(ids.map((id, row) => [id, numbers.slice(row * dimensions, (row + 1) * dimensions)]))
}

async function writeVectors(folder: string, vectors: Vectors): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(
    path.join(folder, numbersFile),
    Buffer.concat([...vectors.values()].map(({ buffer }) => Buffer.from(buffer))),
  )
  await writeFile(path.join(folder, namesFile), JSON.stringify([...vectors.keys()]))
}

/** A model that knows the texts of these conversations and no others. */
function knowing(vectors: Vectors, conversations: readonly Conversation[], model: string): Embedder {
  const [first] = vectors.values()
  const vectorOf = new Map<string, Float32Array>()
  for (const { name, text } of conversations.flatMap(textsOf)) {
    const vector = vectors.get(name)
    if (vector) vectorOf.set(text, vector)
  }
  // Of a turn without what it echoes nothing was computed: it gets the vector of the whole.
  const wholeOf = (own: string) => [...vectorOf.keys()].find((text) => text.includes(own.split(' … ')[0] ?? own))
  return {
    model,
    dimensions: first?.length ?? 0,
    isLocal: true,
    async embed(texts) {
      return texts.map((text) => {
        const vector = vectorOf.get(text) ?? vectorOf.get(wholeOf(text) ?? '')
        if (!vector) throw new Error(`there is no vector of ${JSON.stringify(text)}`)
        return vector
      })
    },
  }
}

function textsOf({ id, units, questions }: Conversation): readonly { readonly name: string; readonly text: string }[] {
  return [
    ...units.map((unit) => ({ name: `${id}|${unit.id}`, text: unit.text })),
    ...questions.map(({ number, question }) => ({ name: `${id}|q${number}`, text: question })),
  ]
}
