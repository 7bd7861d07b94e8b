/**
 * The Big List of Naughty Strings and the payloads of fuzzdb in every text of every operation there is.
 *
 * Each is stored octet for octet, or refused with a code that a caller can act on and nothing written; no other row changes,
 * and nothing of another tenant shows. A few strings for each field, drawn by seed; as many as you like, up to all of them,
 * with CALIBER_NAUGHTY_STRINGS.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CaliberError } from '../../packages/caliber/src/domain/errors.ts'
import { registry } from '../../packages/caliber/src/operations/registry.ts'
import { type TestCaliber, type TestTenant, testCaliber } from '../../packages/caliber/src/operations/testing/tenant.ts'
import { toJsonSchema } from '../../packages/caliber/src/surfaces/http/jsonSchema.ts'
import { seeded } from '../e2e/seeded.ts'
import { attackStrings, hasSecurityData, naughtyStrings } from './securityData.ts'
import { type Path, textPlaces, withText } from './textPlaces.ts'

const perField = Number(process.env['CALIBER_NAUGHTY_STRINGS'] ?? 8)
const seed = Number(process.env['CALIBER_NAUGHTY_SEED'] ?? 20_261_122)
const random = seeded(seed)
const strings = hasSecurityData ? [...naughtyStrings(), ...attackStrings()] : []
const canary = 'canary of another tenant'

/** What is the caller's fault, or passes; anything else is ours. */
const refusals: readonly string[] = [
  'invalid_input',
  'not_found',
  'illegal_state',
  'version_conflict',
  'conflict',
  'budget_too_small',
  'forbidden',
  'lock_held',
  'fence_stale',
]

const operations = registry.map((operation) => {
  const schema = toJsonSchema(operation.input, 'input')
  return { ...operation, schema, places: textPlaces(schema) }
})

describe.skipIf(!hasSecurityData).each(operations.filter(({ places }) => places.length > 0))(
  '$name takes any text as it is, or says why not:',
  ({ name, effect, example, schema, places }) => {
    let caliber: TestCaliber
    let tenant: TestTenant
    let bystanders: ReadonlySet<unknown>

    beforeAll(async () => {
      caliber = await testCaliber()
      tenant = await caliber.tenant()
      const others = [await furnish(await caliber.tenant(), canary), await furnish(tenant, 'a bystander')]
      bystanders = new Set(others.flatMap((known) => Object.values(known)))
      console.log(`${name}: ${perField} of ${strings.length} strings for each field, seed ${seed}`)
    })
    afterAll(() => caliber?.close())

    test.each(places.map((path) => [path.join('.'), path] as const))(
      '%s',
      async (_, path) => {
        let known = await furnish(tenant, 'mine')
        for (const text of drawn()) {
          const attempt = withText(schema, { ...example, ...only(known, example) }, path, text)
          const since = await moment(caliber)
          const answer = await tenant.call(name, attempt).catch((thrown: unknown) => thrown)
          const touched = await touchedSince(caliber, since)
          const shown = `${name} ${path.join('.')} ${JSON.stringify(text)}: ${String(answer)}`

          // An operator makes and changes other tenants; the bystanders' rows are nobody's business even then.
          const foreign = touched.filter(
            (row) => (effect !== 'operate' && row['tenant_id'] !== tenant.tenantId) || bystanders.has(row['id']),
          )
          expect(foreign, shown).toEqual([])
          if (answer instanceof Error) {
            expect(answer, shown).toBeInstanceOf(CaliberError)
            expect(refusals, shown).toContain((answer as CaliberError).code)
            expect(touched, shown).toEqual([])
            continue
          }
          expect(JSON.stringify(answer), shown).not.toContain(canary)
          if (effect !== 'write') continue
          if (isStoredAsGiven(name, path))
            expect(
              touched.some((row) => holds(row, text)),
              shown,
            ).toBe(true)
          known = await furnish(tenant, 'mine')
        }
      },
      60_000 + perField * 2_000,
    )
  },
)

test.skipIf(!hasSecurityData)('the check sees the fields: a few dozen, nested ones among them', () => {
  const paths = operations.flatMap(({ name, places }) => places.map((path) => `${name} ${path.join('.')}`))
  expect(paths.length).toBeGreaterThan(40)
  expect(paths).toContain('turn.append turns.0.content')
  expect(paths).toContain('turn.append turns.0.toolCalls.0.name')
})

test.skipIf(!hasSecurityData)('the check sees a text that was changed, and a row that nobody named', async () => {
  const caliber = await testCaliber()
  try {
    const tenant = await caliber.tenant()
    const { noteId } = await furnish(tenant, 'a bystander')
    const since = await moment(caliber)
    await tenant.call('note.supersede', { noteId, content: 'trimmed', reason: 'moved' })
    const touched = await touchedSince(caliber, since)
    expect(touched.map(({ id }) => id)).toContain(noteId)
    expect(touched.some((row) => holds(row, 'trimmed'))).toBe(true)
    expect(touched.some((row) => holds(row, ' trimmed'))).toBe(false)
  } finally {
    await caliber.close()
  }
})

function isStoredAsGiven(name: string, path: Path): boolean {
  return !(notStored[name] ?? []).some((field) => field === path[0] || field === '*')
}

const notStored: Readonly<Record<string, readonly string[]>> = {
  // Its lines are read, and become turns of their own.
  'transcript.import': ['text'],
  // Releasing a lock that nobody holds is an answer and no change.
  'lock.release': ['*'],
  // The example tries only, and what it names is not there.
  'memory.forget': ['*'],
  // A name that may have to be forgotten stands there as its digest.
  'memory.revoke': ['source'],
}

/** So many strings, none twice; all where that is as many as there are. */
function drawn(): readonly string[] {
  if (perField >= strings.length) return strings
  const chosen = new Set<string>()
  while (chosen.size < perField) chosen.add(random.pick(strings))
  return [...chosen]
}

/** One row of each kind, and their ids under the names that inputs have for them. */
async function furnish({ call }: TestTenant, words: string): Promise<Readonly<Record<string, string>>> {
  const { trajectoryId } = await call<{ trajectoryId: string }>('trajectory.start', { name: words })
  const { scopeId } = await call<{ scopeId: string }>('scope.open', { trajectoryId, name: words })
  await call('turn.append', { scopeId, turns: [{ role: 'user', content: words }] })
  const { noteId } = await call<{ noteId: string }>('note.record', { subject: words, content: words })
  const artifact = { trajectoryId, type: 'plan', name: 'plan.md', content: words }
  const { artifactId } = await call<{ artifactId: string }>('artifact.put', artifact)
  return { trajectoryId, scopeId, noteId, artifactId }
}

/** Those that stand in an example too. */
function only(known: Readonly<Record<string, string>>, example: Readonly<Record<string, unknown>>) {
  return Object.fromEntries(Object.entries(known).filter(([field]) => Object.hasOwn(example, field)))
}

interface Row {
  readonly [column: string]: unknown
}

/** No transaction from here on has a lower number. */
async function moment({ admin }: TestCaliber): Promise<string> {
  const [row] = await admin`select pg_snapshot_xmax(pg_current_snapshot())::text as xid`
  return String(row?.['xid'])
}

/** Rows of all tenants that were inserted or updated, receipts aside: they are stored behind the answer. */
async function touchedSince({ admin }: TestCaliber, since: string): Promise<readonly Row[]> {
  const tables = await admin<{ name: string }[]>`
    select table_name as name from information_schema.columns
    where table_schema = 'caliber' and column_name = 'tenant_id' and table_name <> 'context_window'`
  const selects = tables.map(
    ({ name }) => `select to_jsonb(r) as row from caliber.${name} r where r.xmin::text::bigint >= ${since}`,
  )
  const rows = await admin.unsafe<{ row: Row }[]>(selects.join(' union all '))
  return rows.map(({ row }) => row)
}

/** Is the text one of the values in a row, however deep? */
function holds(value: unknown, text: string): boolean {
  if (typeof value !== 'object' || value === null) return value === text
  return Object.values(value).some((inner) => holds(inner, text))
}
