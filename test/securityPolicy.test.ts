/** SECURITY.md says what is so: about this version, and about tests that exist. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (file: string) => readFileSync(path.join(root, file), 'utf8')
const policy = read('SECURITY.md')

test('the release line of this tree is a supported one', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string }
  const [, line] = /^(\d+\.\d+)\./.exec(version) ?? []
  expect(policy).toMatch(new RegExp(`^\\| ${line}\\.x \\| yes`, 'm'))
})

test('the policy has the parts that a reporter looks for', () => {
  expect([...policy.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)).toEqual([
    'Supported versions',
    'Reporting',
    'What we do then',
    'What is promised',
    'What is not promised',
    'Thanks',
  ])
})

test('what the policy points at exists', () => {
  const links = [...policy.matchAll(/\]\(([^)#]+)\)/g)].map(([, target]) => target ?? '')
  expect(links.length).toBeGreaterThan(20)
  expect(links.filter((target) => !existsSync(path.join(root, target)))).toEqual([])
})
