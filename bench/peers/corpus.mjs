/** What every system is given: the conversations of LoCoMo, their questions, and one vector for each text. */
import { createHash } from 'node:crypto'
import { defaultFolder, readConversations } from '../../evals/dist/locomo/data.js'
import { readEmbedder } from '../../evals/dist/locomo/vectors.js'

/** @returns undefined where there is no data */
export async function readCorpus() {
  const conversations = await readConversations(defaultFolder)
  const embedder = conversations && (await readEmbedder(defaultFolder, conversations))
  if (!embedder) return undefined
  return {
    conversations,
    embedder,
    /** Vectors of texts as plain numbers, for those who want them at once. */
    async vectorsOf(texts) {
      return Promise.all(texts.map(async (text) => Array.from(await vectorOf(text, embedder))))
    },
  }
}

/** One peer embeds pieces of its own choice, too: names it found in a text. Equal pieces get equal vectors, others none in common. */
async function vectorOf(text, embedder) {
  try {
    return (await embedder.embed([text]))[0]
  } catch {
    return strangerOf(text, embedder.dimensions)
  }
}

function strangerOf(text, dimensions) {
  const octets = Buffer.alloc(dimensions)
  for (let at = 0; at < dimensions; at += 32) createHash('sha256').update(`${at} ${text}`).digest().copy(octets, at)
  const numbers = Array.from(octets, (octet) => octet - 127.5)
  const length = Math.hypot(...numbers)
  return numbers.map((number) => number / length)
}
