import fc from 'fast-check'
import { expect, test } from 'vitest'
import { judgeByWords, type Statement } from './contradiction.ts'

const contradictions: readonly (readonly [subject: string, a: string, b: string])[] = [
  ['rate limit', 'The limit is 60 requests per minute per IP.', 'The limit is 120 requests per minute per IP.'],
  ['rate limit', 'The limit is 60 per minute', 'The limit was raised to 120 per minute'],
  ['rate limit', '60', '120'],
  ['node version', 'We run Node 20.', 'We run Node 22 now.'],
  ['release day', 'Releases go out on 2026-03-01.', 'Releases go out on 2026-04-01.'],
  ['api port', 'The API listens on 8080', 'The API listens on 9090.'],
  ['feature flag', 'The new checkout is enabled.', 'The new checkout is disabled.'],
  ['deploys on friday', 'We deploy on Fridays.', 'We do not deploy on Fridays.'],
  ['deploys on friday', 'We deploy on Fridays.', "We don't deploy on Fridays any more."],
  ['review', 'Reviews are required.', 'Reviews are optional.'],
  ['deploy region', 'Frankfurt', 'Stockholm'],
  ['deploy region', 'The deploy region is Frankfurt.', 'The deploy region is Stockholm.'],
  ['favourite colour', 'blue', 'dark green'],
  ['repository', 'The repository is public.', 'The repository is private.'],
  ['db timeout', 'timeout: 30s', 'timeout: 45s'],
]

const nearMisses: readonly (readonly [subject: string, a: string, b: string])[] = [
  ['rate limit', '60 requests per minute per IP', '30 requests per minute per device key'],
  ['ports', 'Staging listens on 8080.', 'Production listens on 9090.'],
  ['port', 'The port of the staging server is 8080', 'The port of the production server is 9090'],
  ['languages', 'German', 'French'],
  ['tags', 'urgent', 'billing'],
  ['team', 'Anna leads the team.', 'Bert joined the team.'],
  ['database', 'We use Postgres for storage.', 'We use Redis for queues.'],
  ['anna', 'Anna likes tea.', 'Anna likes coffee.'],
  ['limit', 'The limit is 60 per minute.', 'The limit applies per IP.'],
  ['deploys', 'We never deploy on Fridays.', 'We deploy with a script.'],
  ['office', 'The office in Berlin opened in 2019.', 'The office in Paris opened in 2021.'],
  ['tests', 'Tests are run before a merge.', 'Tests take 12 minutes.'],
]

const restatements: readonly (readonly [a: string, b: string])[] = [
  ['The limit is 60 per minute.', 'the limit is now 60 per minute'],
  ['Frankfurt', 'frankfurt.'],
  ["We don't deploy on Fridays.", 'We never deploy on Fridays'],
]

test.each(contradictions)('of %s, "%s" and "%s" cannot both hold', (subject, a, b) => {
  expect(judge(subject, a, b)).toMatchObject({ verdict: 'contradicts' })
})

test.each(nearMisses)('of %s, "%s" and "%s" are related and no contradiction', (subject, a, b) => {
  expect(judge(subject, a, b)).toMatchObject({ verdict: 'related' })
})

test.each(restatements)('"%s" and "%s" say the same', (a, b) => {
  expect(judge('s', a, b)).toMatchObject({ verdict: 'same' })
})

test('what holds at different times is no contradiction', () => {
  const older = { ...statement('limit', '60'), validUntil: '2026-01-01T00:00:00Z' }
  const newer = { ...statement('limit', '120'), validFrom: '2026-01-01T00:00:00Z' }
  expect(judgeByWords(older, newer).verdict).toBe('related')
  expect(judgeByWords({ ...older, validUntil: '2026-01-02T00:00:00Z' }, newer).verdict).toBe('contradicts')
})

test('a verdict does not depend on who spoke first, and any text gets one', () => {
  const words = fc.constantFrom(
    'limit',
    'is',
    'not',
    '60',
    '90',
    'open',
    'closed',
    'staging',
    'per',
    'minute',
    '≠',
    ':',
    "don't",
  )
  const content = fc.oneof(
    fc.array(words, { maxLength: 8 }).map((all) => all.join(' ')),
    fc.string(),
  )
  fc.assert(
    fc.property(content, content, fc.string(), (a, b, subject) => {
      expect(judge(subject, a, b).verdict).toBe(judge(subject, b, a).verdict)
      expect(judge(subject, a, a).verdict).toBe('same')
    }),
  )
})

const judge = (subject: string, a: string, b: string) => judgeByWords(statement(subject, a), statement(subject, b))

function statement(subject: string, content: string): Statement {
  return { subject, content, validFrom: null, validUntil: null }
}
