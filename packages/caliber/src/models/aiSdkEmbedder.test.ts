import { expect, test } from 'vitest'
import { type AiSdkEmbeddingModel, aiSdkEmbedder } from './aiSdkEmbedder.ts'
import { embedderSuite } from './embedder.suite.ts'
import { hashVector } from './testing/hashVector.ts'

embedderSuite('aiSdkEmbedder', () => aiSdkEmbedder(modelThat(), 8))

test('a model that takes few texts is asked for few at a time', async () => {
  const asked: number[] = []
  const model = modelThat((values) => void asked.push(values.length))
  await embed({ ...model, maxEmbeddingsPerCall: 3 }, ['a', 'b', 'c', 'd'])
  expect(asked).toEqual([3, 1])
})

test('what a provider counts is told once for each of its answers', async () => {
  const counted: unknown[] = []
  const { doEmbed, ...model } = modelThat()
  const counting: AiSdkEmbeddingModel = {
    ...model,
    maxEmbeddingsPerCall: 2,
    doEmbed: async (options) => ({ ...(await doEmbed(options)), usage: { tokens: options.values.length * 3 } }),
  }
  const options = { signal: neverAborted(), counted: (tokens: unknown) => void counted.push(tokens) }
  await aiSdkEmbedder(counting, 8).embed(['a', 'b', 'c'], options)
  expect(counted).toEqual([
    { inputTokens: 6, outputTokens: 0 },
    { inputTokens: 3, outputTokens: 0 },
  ])
  await aiSdkEmbedder(modelThat(), 8).embed(['a'], options)
  expect(counted).toHaveLength(2)
})

test('what a provider throws becomes an error without its words', async () => {
  const failing = (statusCode: number) =>
    modelThat(() => {
      throw Object.assign(new Error('sk-secret was refused'), { statusCode })
    })
  await expect(embed(failing(500))).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.not.stringContaining('sk-'),
  })
  await expect(embed(failing(400))).rejects.toMatchObject({ code: 'invalid_input' })
})

test('vectors of other dimensions are refused', async () => {
  await expect(aiSdkEmbedder(modelThat(), 9).embed(['a'], { signal: neverAborted() })).rejects.toThrow(
    /8 dimensions where 9/,
  )
})

test('a caller that leaves does not wait for a provider that does not heed', async () => {
  const leaving = new AbortController()
  const deaf: AiSdkEmbeddingModel = { ...modelThat(), doEmbed: () => new Promise(() => leaving.abort()) }
  await expect(aiSdkEmbedder(deaf, 8).embed(['a'], { signal: leaving.signal })).rejects.toThrow(/cancelled/)
})

function modelThat(asked: (values: readonly string[]) => void = () => {}): AiSdkEmbeddingModel {
  return {
    specificationVersion: 'v3',
    modelId: 'sdk-model',
    async doEmbed({ values }) {
      asked(values)
      return { embeddings: values.map((value) => [...hashVector(value, 8)]) }
    },
  }
}

const neverAborted = () => new AbortController().signal

function embed(model: AiSdkEmbeddingModel, texts: readonly string[] = ['a']) {
  return aiSdkEmbedder(model, 8).embed(texts, { signal: neverAborted() })
}
