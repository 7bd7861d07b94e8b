/** What a guide shows works as it stands. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readAuthConfiguration } from '../packages/caliber/src/auth/configuration.ts'

test('the auth.json of the guide is one', () => {
  const guide = readFileSync(new URL('../docs/guides/authentication.md', import.meta.url), 'utf8')
  const [, file = ''] = /```json\n([^]*?)```/.exec(guide) ?? []

  expect(readAuthConfiguration(file, 'auth.json')).toMatchObject({
    resource: 'https://memory.example.com/mcp',
    issuers: [{ issuer: 'https://login.example.com/', algorithms: ['RS256'] }],
  })
})
