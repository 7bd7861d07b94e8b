import { promisify } from 'node:util'
import { inflateRaw } from 'node:zlib'
import { z } from 'zod'
import { type Sql, uuids } from '../../db/sql.ts'
import { CaliberError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import { notFound } from '../../domain/notFound.ts'
import { operation } from '../operation.ts'
import { id, text } from '../schema.ts'

export const memoryResidue = operation({
  name: 'memory.residue',
  http: 'POST /v1/memory/residue',
  summary: 'Look for what should be forgotten in every table, stored context and index: by receipt, by words, or both.',
  example: { words: 'Sveavägen 44' },
  input: z.strictObject({
    receiptId: id('receipt of a forgetting').optional(),
    words: text(limits.queryChars).optional().describe('Looked for letter by letter.'),
  }),
  output: z.strictObject({
    residue: z.int().describe('Places that still hold some of it; 0 is what a forgetting promises.'),
    places: z
      .array(z.strictObject({ place: z.string(), found: z.int() }))
      .describe('Table, or memory, and in how many rows or items.'),
  }),
  effect: 'recall',
  needs: 'admin',
  reach: 'tenant',
  mcp: false,
  idempotent: true,

  async run({ memory, stored }, { receiptId, words }) {
    if (receiptId === undefined && words === undefined) {
      throw new CaliberError('invalid_input', 'Say what to look for: receiptId, words or both.')
    }
    const { ids, tables, windows } = await stored(async (sql) => {
      const gone = receiptId === undefined ? [] : await erasedIds(sql, receiptId)
      return { ids: new Set(gone), tables: await tableResidue(sql, gone, words), windows: await readWindows(sql) }
    })
    const shown = await windowResidue(windows, ids, words)
    const held = (await memory(undefined)).residueOf(ids, words)
    const places = [...tables, { place: 'the records of windows', found: shown }, { place: 'memory', found: held }]
    const found = places.filter((place) => place.found > 0)
    return { residue: found.reduce((sum, place) => sum + place.found, 0), places: found }
  },
})

/** @throws CaliberError `not_found` */
async function erasedIds(sql: Sql, receiptId: string): Promise<readonly string[]> {
  const rows = await sql<{ id: string }>`
    select distinct unnest(erased) as id from caliber.erasure
    where tenant_id = caliber.current_tenant() and receipt_id = ${receiptId}
    except select id from caliber.trajectory where tenant_id = caliber.current_tenant()`
  const [known] = await sql`
    select 1 from caliber.erasure where tenant_id = caliber.current_tenant() and receipt_id = ${receiptId} limit 1`
  if (!known) throw notFound('receipt', receiptId)
  return rows.map(({ id }) => id)
}

async function tableResidue(sql: Sql, ids: readonly string[], words: string | undefined) {
  return sql<{ place: string; found: number }>`
    select place, hits as found from caliber.residue(${uuids(ids)}, ${words ?? null})`
}

/** Records are deflated: the database cannot look into them. */
async function readWindows(sql: Sql): Promise<readonly Uint8Array[]> {
  const rows = await sql<{ record: Uint8Array }>`
    select record from caliber.context_window where tenant_id = caliber.current_tenant()`
  return rows.map(({ record }) => record)
}

async function windowResidue(
  records: readonly Uint8Array[],
  ids: ReadonlySet<string>,
  words: string | undefined,
): Promise<number> {
  const quoted = words === undefined ? undefined : JSON.stringify(words).slice(1, -1)
  let found = 0
  for (const record of records) {
    const window = (await inflate(record)).toString()
    const shows = window.match(uuid)?.some((each) => ids.has(each)) ?? false
    if (shows || (quoted !== undefined && window.includes(quoted))) found += 1
  }
  return found
}

const inflate = promisify(inflateRaw)
const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
