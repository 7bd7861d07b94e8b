import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type EmbeddingServer, embeddingServer } from '../models/testing/embeddingServer.ts'
import { examineMachine } from './doctor.ts'
import { embedderOf } from './embedderOf.ts'

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
  expect(embedderOf({}, {})).toBeUndefined()
  expect(embedderOf({}, environment)).toMatchObject({ model: 'local', dimensions: 8 })
  for (const name of ['CALIBER_EMBEDDER_MODEL', 'CALIBER_EMBEDDER_DIMENSIONS']) {
    expect(() => embedderOf({}, { ...environment, [name]: undefined })).toThrow(name)
  }
  expect(() => embedderOf({}, { ...environment, CALIBER_EMBEDDER_DIMENSIONS: 'many' })).toThrow(/1 to 65,536/)
  expect(() => embedderOf({}, { ...environment, CALIBER_EMBEDDER_URL: 'nowhere' })).toThrow(/http or https/)
})

test('what the program passes comes before the environment', () => {
  const embedder = { model: 'own', dimensions: 1, embed: async () => [] }
  expect(embedderOf({ embedder }, environment)).toBe(embedder)
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
