/**
 * The vectors of items in the database, for memories that would be too large with them: `caliber.item_vector`, compared by
 * pgvector.
 *
 * A search looks at every row that takes part, like the index in memory (`vectorIndex.ts`), and at nothing else: who asks
 * says by one bit per row which ones, so rights, filters, validity and quarantine apply before ranking and are said in one
 * place. Row security, in the name of who asks, is the second wall. Cosines are rounded to multiples of 2^-24 as there, so a mean
 * does not depend on the order of rows; pgvector adds up in 32-bit floats, so they differ from those in memory by some such
 * units.
 */
import { holdLineage } from '../../db/holdLineage.ts'
import type { Claims, Sessions } from '../../db/session.ts'
import { bytes, texts, uuids } from '../../db/sql.ts'
import type { VectorExtension } from '../../db/vectorExtension.ts'
import type { RegionId, TenantId } from '../../domain/ids.ts'
import { operatorOf } from '../../domain/tenant.ts'
import { assertNothingForgotten } from '../embeddings/assertNothingForgotten.ts'

/** More dimensions than these pgvector does not take. */
export const mostStoredDimensions = 16_000

/** An item, and the digest of the text that its vector stands for. */
export interface ItemText {
  readonly itemId: string
  readonly digest: string
}

export interface PlacedVector extends ItemText {
  readonly regionId: RegionId
  readonly vector: Float32Array
}

/** What to compare a question with. */
export interface Comparison {
  readonly space: string
  readonly question: Float32Array
  /** One bit per slot: whether its row takes part. */
  readonly mask: Uint8Array
  readonly limit: number
  /** Items whose cosines are wanted wherever they rank. */
  readonly wanted: readonly string[]
}

export interface Compared {
  /** Cosines of the nearest, above 0, and of those wanted, by item. Of equal ones at the limit, lower slots go first. */
  readonly cosines: ReadonlyMap<string, number>
  /** Mean cosine of all that took part; 0 for nothing. */
  readonly mean: number
}

/** Slots by item. */
export type ItemSlots = ReadonlyMap<string, number>

export interface StoredVectors {
  /** The slots of those items that have a vector of that text. */
  find(tenantId: TenantId, space: string, items: readonly ItemText[]): Promise<ItemSlots>
  /**
   * Keep vectors of items. The first that is kept of an item and a text stays.
   *
   * @param seq the event that the texts were read as of
   * @returns the slots of those that are kept now; another process may have taken one that was meant for a missing one
   * @throws CaliberError `conflict` when something was forgotten since: it may be one of the items
   */
  keep(tenantId: TenantId, space: string, vectors: readonly PlacedVector[], seq: number): Promise<ItemSlots>
  /** Compare a question with rows, as far as the claims may read them. */
  compare(claims: Claims, comparison: Comparison): Promise<Compared>
}

/** Of a cosine. */
const units = 2 ** 24
/** Of a number in a stored vector. A sum of products with one of them is so many times a cosine. */
const storedUnits = 2 ** 30

/** @param extension what compares; nothing else needs it */
export function openStoredVectors(sessions: Sessions, { schema }: Pick<VectorExtension, 'schema'>): StoredVectors {
  const claimsOf = (tenantId: TenantId) => ({ tenantId, principalId: operatorOf(tenantId), reach: 'all' }) as const

  // A slot above every one seen, by tenant and space: a hint, so that the highest is not looked for among all rows.
  const ends = new Map<string, number>()
  const keyOf = (tenantId: TenantId, space: string) => `${tenantId} ${space}`

  // One look into the index for each item: without statistics, a join would read every row of the space.
  const find: StoredVectors['find'] = async (tenantId, space, items) => {
    const rows = await sessions.run(
      claimsOf(tenantId),
      (sql) => sql<{ itemId: string; slot: number }>`
        select asked.item_id as "itemId", known.slot
        from unnest(${uuids(items.map(({ itemId }) => itemId))}, ${texts(items.map(({ digest }) => digest))}) as asked (item_id, hex)
        cross join lateral (
          select slot from caliber.item_vector
          where tenant_id = caliber.current_tenant() and model = ${space}
            and item_id = asked.item_id and digest = decode(asked.hex, 'hex')
          limit 1) as known`,
      { readOnly: true },
    )
    const key = keyOf(tenantId, space)
    ends.set(key, Math.max(ends.get(key) ?? 0, ...rows.map(({ slot }) => slot + 1)))
    return new Map(rows.map(({ itemId, slot }) => [itemId, slot]))
  }

  return {
    find,

    async keep(tenantId, space, vectors, seq) {
      const seen = ends.get(keyOf(tenantId, space)) ?? 0
      // Durable, unlike other computed values: memories hold the slots and would point at rows that a crash took.
      await sessions.run(claimsOf(tenantId), async (sql) => {
        await holdLineage(sql)
        await assertNothingForgotten(sql, seq)
        await sql`
          insert into caliber.item_vector (tenant_id, model, item_id, digest, region_id, slot, vector)
          select caliber.current_tenant(), ${space}, item_id, decode(hex, 'hex'), region_id,
                 taken.slots + row_number() over (order by place) - 1, numbers::integer[]
          from unnest(${uuids(vectors.map(({ itemId }) => itemId))}, ${texts(vectors.map(({ digest }) => digest))},
                      ${uuids(vectors.map(({ regionId }) => regionId))},
                      ${texts(vectors.map(({ vector }) => `{${wholeNumbersOf(vector)}}`))})
               with ordinality as fresh (item_id, hex, region_id, numbers, place)
          cross join (select coalesce(max(slot) + 1, ${seen}) as slots from caliber.item_vector
                      where tenant_id = caliber.current_tenant() and model = ${space} and slot >= ${seen}) as taken
          on conflict do nothing`
      })
      return find(tenantId, space, vectors)
    },

    async compare(claims, { space, question, mask, limit, wanted }) {
      const rows = await sessions.run(
        claims,
        async (sql) => {
          // Where pgvector's type and operators are found. Whatever else lies there is passed over: our tables are named in
          // full, and types are those of the built-in functions and operators exactly.
          await sql`select set_config('search_path', ${schema}, true)`
          // A subquery without a table is computed once, and a case tests no bit that the mask does not have.
          return sql<{ itemId: string | null; units: number; took: number }>`
            with scored as materialized (
              select item_id, slot,
                     ((vector::vector <#> (select ${`[${numbersOf(question)}]`}::text::vector)) * ${-units / storedUnits}::float8)::integer as units
              from caliber.item_vector
              where tenant_id = caliber.current_tenant() and model = ${space}
                and case when slot < ${mask.length * 8} then get_bit((select ${bytes(mask)}), slot::bigint) = 1 else false end
            )
            select null as "itemId", coalesce(sum(units), 0) as units, count(*) as took from scored
            union all
            (select item_id, units, 0 from scored where units > 0 order by units desc, slot limit ${limit})
            union all
            select s.item_id, s.units, 0 from unnest(${uuids(wanted)}) as w (item_id) join scored s using (item_id)`
        },
        { readOnly: true },
      )
      const total = rows.find(({ itemId }) => itemId === null)
      return {
        cosines: new Map(
          rows.flatMap((row) => (row.itemId === null ? [] : [[row.itemId, row.units / units] as const])),
        ),
        mean: total && total.took > 0 ? total.units / total.took / units : 0,
      }
    },
  }
}

/** Fractions take the database five times as long to read. */
function wholeNumbersOf(vector: Float32Array): string {
  return Array.from(vector, (value) => Math.round(value * storedUnits)).join(',')
}

/** Nine digits name every 32-bit float. */
function numbersOf(vector: Float32Array): string {
  return Array.from(vector, (value) => value.toPrecision(9)).join(',')
}
