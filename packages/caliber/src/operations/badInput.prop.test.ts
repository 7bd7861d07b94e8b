/**
 * Bad input gets a stable error that says what to do, and nothing is written: for every operation there is, with
 * inputs drawn from its own schema's example and broken in every way a caller could. fast-check prints the seed.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CaliberError, type ErrorCode } from '../domain/errors.ts'
import { limits } from '../domain/limits.ts'
import { registry } from './registry.ts'
import { type TestCaliber, type TestTenant, testCaliber } from './testing/tenant.ts'

let caliber: TestCaliber
let tenant: TestTenant

beforeAll(async () => {
  caliber = await testCaliber()
  tenant = await caliber.tenant()
})
afterAll(() => caliber.close())

/** What a caller may be told; `internal`, `timeout` and the like are our failures, not theirs. */
const callersFault: ReadonlySet<ErrorCode> = new Set([
  'invalid_input',
  'not_found',
  'illegal_state',
  'version_conflict',
  'conflict',
  'forbidden',
  'lock_held',
  'fence_stale',
  'budget_too_small',
  'unavailable',
])

const longText = 'x'.repeat(limits.systemChars + 1)
const deep = Array.from({ length: limits.jsonDepth + 10 }).reduce<unknown>((inner) => [inner], 'deep')

/** Values that hardly any field takes, and some that many do. */
const poison: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    0,
    1.5,
    1e308,
    -1e308,
    2 ** 53,
    2 ** 31,
    '',
    ' ',
    'a\0b',
    '\ud800',
    'x\udc00y',
    longText,
    deep,
    [],
    {},
    [null],
    [''],
    { '': 1 },
    { __proto__: null, constructor: 1 },
    '2026-13-45T99:99:99Z',
    '0000-00-00',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+15:00',
    '2026-01-01T00:00:00+23:59',
    '9999-12-31T23:59:59-12:00',
    '2026-02-30T00:00:00Z',
    'not-a-uuid',
    '01890a5d-ac96-774b-bcce-b302099a8057',
    "'; drop table caliber.turn; --",
    '${7*7}',
    '../../etc/passwd',
    '\u202e',
    JSON.parse('{"__proto__":{"admin":true}}'),
  ),
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 50 }),
)

describe.each(registry.map((operation) => [operation.name, operation] as const))('%s', (name, { example, input }) => {
  test('its example fits its schema', () => {
    expect(input.safeParse(example).error?.issues ?? []).toEqual([])
  })

  test('an unknown field is refused by name', async () => {
    await expect(tenant.call(name, { ...example, surprise: 1 })).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('surprise'),
    })
  })

  test('any broken input is an error that a caller can act on, or is no error at all', async () => {
    await fc.assert(
      fc.asyncProperty(broken(example), async (attempt) => {
        const before = await footprint()
        const error = await tenant.call(name, attempt).then(
          () => undefined,
          (thrown: unknown) => thrown,
        )
        if (error === undefined) return
        expect(error).toBeInstanceOf(CaliberError)
        const { code, message, detail } = error as CaliberError
        expect(callersFault, `${code}: ${message}`).toContain(code)
        const shown = `${message} ${JSON.stringify(detail)}`
        expect(shown).not.toMatch(
          /\bat .+:\d+:\d+|node_modules|caliber\.[a-z_]+ |select |insert |Postgres|syntax error/i,
        )
        expect(shown.length).toBeLessThan(10_000)
        expect(await footprint()).toEqual(before)
      }),
      { numRuns: 60, endOnFailure: true },
    )
  })
})

test('a name that is cut between the halves of a character is quoted as valid Unicode', async () => {
  const name = `${'x'.repeat(199)}😀`
  for (const call of [
    tenant.call('note.get', { noteId: 'x', [name]: 1 }),
    caliber.runtime.dispatch({ operation: name, input: {} }),
    caliber.runtime.dispatch({ operation: '\ud800', input: {} }),
  ]) {
    const error = await call.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(CaliberError)
    const { message, detail } = error as CaliberError
    expect(JSON.stringify([message, detail])).not.toMatch(/\\ud[89a-f]/)
  }
})

test('a call without a credential, without the right, or of no operation at all says so', async () => {
  const { dispatch } = caliber.runtime
  for (const { name, needs, example } of registry) {
    if (needs === 'none') continue
    await expect(dispatch({ operation: name, input: example })).rejects.toMatchObject({ code: 'unauthenticated' })
    const principal = { tenantId: tenant.tenantId, principalId: tenant.principalId, rights: [] }
    await expect(dispatch({ operation: name, input: example, principal })).rejects.toMatchObject({ code: 'forbidden' })
  }
  await expect(dispatch({ operation: 'note.explode', input: {} })).rejects.toMatchObject({ code: 'unknown_operation' })
})

/** The example with a field replaced, dropped or added; or any value at all in its place. */
function broken(example: Record<string, unknown>): fc.Arbitrary<unknown> {
  const fields = Object.keys(example)
  if (fields.length === 0) return poison
  const field = fc.constantFrom(...fields)
  return fc.oneof(
    { weight: 6, arbitrary: fc.tuple(field, poison).map(([name, value]) => ({ ...example, [name]: value })) },
    { weight: 2, arbitrary: field.map((name) => ({ ...example, [name]: undefined })) },
    { weight: 2, arbitrary: fc.tuple(fc.string(), poison).map(([name, value]) => ({ ...example, [name]: value })) },
    { weight: 1, arbitrary: poison },
  )
}

/** How many rows the tenant has in every table that an operation writes to. */
async function footprint(): Promise<unknown> {
  const [counts] = await caliber.admin`
    select (select count(*) from caliber.trajectory) as trajectories, (select count(*) from caliber.scope) as scopes,
           (select count(*) from caliber.turn) as turns, (select count(*) from caliber.artifact_revision) as revisions,
           (select count(*) from caliber.note) as notes, (select count(*) from caliber.event) as events,
           (select count(*) from caliber.idempotency) as answers, (select sum(seq) from caliber.event_head) as heads`
  return counts
}
