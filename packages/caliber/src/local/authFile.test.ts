import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { testKey } from '../auth/testing/issuer.ts'
import { readAuthFile } from './authFile.ts'

const text = (resource: string) =>
  JSON.stringify({
    resource,
    issuers: [{ issuer: 'https://login.example.com', algorithms: ['ES256'], jwks: { keys: [testKey().jwk] } }],
  })

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'caliber-auth-'))
})
afterEach(async () => {
  delete process.env['CALIBER_AUTH_FILE']
  await rm(directory, { recursive: true, force: true })
})

test('where there is no file there are API keys alone', async () => {
  expect(await readAuthFile({}, directory)).toBeUndefined()
})

test('the option comes before the environment, and the environment before the data directory', async () => {
  const [inOption, inEnvironment] = [path.join(directory, 'option.json'), path.join(directory, 'environment.json')]
  await writeFile(path.join(directory, 'auth.json'), text('https://directory.example'))
  await writeFile(inOption, text('https://option.example'))
  await writeFile(inEnvironment, text('https://environment.example'))

  expect(await readAuthFile({}, directory)).toMatchObject({ resource: 'https://directory.example' })
  process.env['CALIBER_AUTH_FILE'] = inEnvironment
  expect(await readAuthFile({}, directory)).toMatchObject({ resource: 'https://environment.example' })
  expect(await readAuthFile({ authFile: inOption }, directory)).toMatchObject({ resource: 'https://option.example' })
})

test('a file that is named and missing, unreadable, wrong or open to everybody is refused by its name', async () => {
  const file = path.join(directory, 'named.json')
  const reading = () => readAuthFile({ authFile: file }, directory)

  await expect(reading()).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining(file) })
  await writeFile(file, '{}')
  await expect(reading()).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining(file) })
  await writeFile(file, text('https://a.example'))
  await chmod(file, 0o646)
  await expect(reading()).rejects.toMatchObject({ code: 'forbidden', message: expect.stringContaining('chmod o-w') })
  await chmod(file, 0o644)
  expect(await reading()).toBeDefined()
  await rm(file)
  await mkdir(file)
  await expect(reading()).rejects.toMatchObject({ code: 'invalid_input', message: expect.stringContaining(file) })
})
