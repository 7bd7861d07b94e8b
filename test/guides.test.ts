/** What a guide shows works as it stands. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readAuthConfiguration } from '../packages/caliber/src/auth/configuration.ts'
import { registry } from '../packages/caliber/src/operations/registry.ts'

test('the auth.json of the guide is one', () => {
  const guide = readFileSync(new URL('../docs/guides/authentication.md', import.meta.url), 'utf8')
  const [, file = ''] = /```json\n([^]*?)```/.exec(guide) ?? []

  expect(readAuthConfiguration(file, 'auth.json')).toMatchObject({
    resource: 'https://memory.example.com/mcp',
    issuers: [{ issuer: 'https://login.example.com/', algorithms: ['RS256'] }],
  })
})

test('every --input of a command in the guide on forgetting fits its operation', () => {
  const guide = readFileSync(new URL('../docs/guides/forgetting.md', import.meta.url), 'utf8')
  const commands = [...guide.matchAll(/caliber (\w+) (\w+) --input '([^']*)'/g)]

  expect(commands).toHaveLength(6)
  for (const [, noun, verb, input = ''] of commands) {
    const operation = registry.find(({ name }) => name === `${noun}.${verb}`)
    expect(operation?.input.safeParse(JSON.parse(input)).error).toBeUndefined()
    expect(operation).toBeDefined()
  }
})
