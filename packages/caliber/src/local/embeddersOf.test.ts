import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type EmbeddingServer, embeddingServer } from '../models/testing/embeddingServer.ts'
import { examineMachine } from './doctor.ts'
import { embeddersOf } from './embeddersOf.ts'

let server: EmbeddingServer
let environment: Record<string, string>
beforeAll(async () => {
  server = await embeddingServer(8)
  environment = {
    CALIBER_EMBEDDER_URL: server.baseUrl,
    CALIBER_EMBEDDER_MODEL: 'local',
    CALIBER_EMBEDDER_DIMENSIONS: '8',
    CALIBER_EMBEDDER_KEY: 'sk-local',
  }
})
afterAll(() => server.close())

test('the environment names a model completely, or none', async () => {
  expect((await embeddersOf({}, {})).embedder).toBeUndefined()
  expect((await embeddersOf({}, environment)).embedder).toMatchObject({ model: 'local', dimensions: 8 })
  const refused = (changed: Record<string, string | undefined>, said: string | RegExp) =>
    expect(embeddersOf({}, { ...environment, ...changed })).rejects.toThrow(said)
  for (const name of ['CALIBER_EMBEDDER_MODEL', 'CALIBER_EMBEDDER_DIMENSIONS'])
    await refused({ [name]: undefined }, name)
  await refused({ CALIBER_EMBEDDER_DIMENSIONS: 'many' }, /1 to 65,536/)
  await refused({ CALIBER_EMBEDDER_URL: 'nowhere' }, /http or https/)
  await refused({ CALIBER_EMBEDDER_URL: '', CALIBER_EMBEDDER_MODEL: 'remote' }, /needs CALIBER_EMBEDDER_URL/)
})

test('the local model needs no server', async () => {
  const { embedder } = await embeddersOf({}, { CALIBER_EMBEDDER_MODEL: 'local' })
  expect(embedder?.model).toMatch(/^minilm-l6-v2@/)
})

test('what the program passes comes before the environment', async () => {
  const embedder = { model: 'own', dimensions: 1, embed: async () => [] }
  expect((await embeddersOf({ embedder }, environment)).embedder).toBe(embedder)
})

test('the previous model is named in the same way, and is another one', async () => {
  const previous = { CALIBER_EMBEDDER_PREVIOUS_URL: server.baseUrl, CALIBER_EMBEDDER_PREVIOUS_MODEL: 'local' }
  const both = { ...environment, ...previous, CALIBER_EMBEDDER_PREVIOUS_DIMENSIONS: '4' }
  expect((await embeddersOf({}, both)).previousEmbedder).toMatchObject({ model: 'local', dimensions: 4 })
  const { CALIBER_EMBEDDER_PREVIOUS_URL: _, ...withoutServer } = both
  expect((await embeddersOf({}, withoutServer)).previousEmbedder?.model).toMatch(/^minilm-l6-v2@/)
  await expect(embeddersOf({}, { ...environment, ...previous })).rejects.toThrow('CALIBER_EMBEDDER_PREVIOUS_DIMENSIONS')
  for (const changed of [
    { CALIBER_EMBEDDER_PREVIOUS_DIMENSIONS: '8' },
    { CALIBER_EMBEDDER_URL: '', CALIBER_EMBEDDER_MODEL: '' },
  ]) {
    await expect(embeddersOf({}, { ...both, ...changed })).rejects.toThrow(/serves while another takes its place/)
  }
})

test('the doctor says whether the model answers, and nothing where none is named', async () => {
  const found = async () => (await examineMachine('/nonexistent')).find(({ check }) => check === 'embedder')
  expect(await found()).toBeUndefined()
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  try {
    expect(await found()).toMatchObject({ status: 'ok', message: 'local answers with 8 dimensions' })
    expect(server.requests[0]?.authorization).toBe('Bearer sk-local')
    server.fail((response) => response.writeHead(401).end())
    expect(await found()).toMatchObject({ status: 'fail', code: 'unavailable' })
  } finally {
    vi.unstubAllEnvs()
  }
})
