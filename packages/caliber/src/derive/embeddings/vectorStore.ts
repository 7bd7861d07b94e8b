/** The vectors that were computed already, in the database: a restart or another process asks no model for them again. */
import { holdLineage } from '../../db/holdLineage.ts'
import type { Sessions } from '../../db/session.ts'
import { texts, uuids } from '../../db/sql.ts'
import type { TenantId } from '../../domain/ids.ts'
import type { ModelUse } from '../../domain/modelUse.ts'
import { operatorOf } from '../../domain/tenant.ts'
import { spaceOf } from '../../models/embedder.ts'
import { addUse } from '../use/useStore.ts'
import { assertNothingForgotten } from './assertNothingForgotten.ts'

/** A vector, and the item whose text it stands for: when that is forgotten, it goes. */
export interface ItemVector {
  readonly itemId: string
  readonly vector: Float32Array
}

/** Vectors of one model's space. */
export interface VectorStore {
  /** How many are kept. */
  count(tenantId: TenantId): Promise<number>
  /** The vectors of those texts that have one, by digest. */
  find(tenantId: TenantId, digests: readonly string[]): Promise<ReadonlyMap<string, Float32Array>>
  /**
   * Keep vectors by digest. The first that is kept stays.
   *
   * @param seq the event that the texts were read as of
   * @param use what the model took for them, counted if they are kept
   * @returns those that are kept now
   * @throws CaliberError `conflict` when something was forgotten since: it may be one of the texts
   */
  keep(
    tenantId: TenantId,
    vectors: ReadonlyMap<string, ItemVector>,
    seq: number,
    use?: ModelUse,
  ): Promise<ReadonlyMap<string, Float32Array>>
}

export function openVectorStore(sessions: Sessions, model: string, dimensions: number): VectorStore {
  const space = spaceOf({ model, dimensions })
  const claimsOf = (tenantId: TenantId) => ({ tenantId, principalId: operatorOf(tenantId), reach: 'all' }) as const

  const find: VectorStore['find'] = async (tenantId, digests) => {
    const rows = await sessions.run(
      claimsOf(tenantId),
      (sql) => sql<{ digest: string; vector: Uint8Array }>`
        select encode(digest, 'hex') as digest, vector from caliber.embedding
        where tenant_id = caliber.current_tenant() and model = ${space}
          and digest = any (array(select decode(hex, 'hex') from unnest(${texts(digests)}) as hex))`,
      { readOnly: true },
    )
    return new Map(rows.map(({ digest, vector }) => [digest, readVector(vector)]))
  }

  return {
    async count(tenantId) {
      const [row] = await sessions.run(
        claimsOf(tenantId),
        (sql) => sql<{ count: number }>`
          select count(*) from caliber.embedding where tenant_id = caliber.current_tenant() and model = ${space}`,
        { readOnly: true },
      )
      return row?.count ?? 0
    },
    find,
    async keep(tenantId, vectors, seq, use) {
      const digests = [...vectors.keys()]
      const hexes = [...vectors.values()].map(({ vector }) => writeVector(vector).toString('hex'))
      const itemIds = [...vectors.values()].map(({ itemId }) => itemId)
      await sessions.run(
        claimsOf(tenantId),
        async (sql) => {
          await holdLineage(sql)
          await assertNothingForgotten(sql, seq)
          await sql`
            insert into caliber.embedding (tenant_id, model, digest, vector, item_id)
            select caliber.current_tenant(), ${space}, decode(digest, 'hex'), decode(vector, 'hex'), item_id
            from unnest(${texts(digests)}, ${texts(hexes)}, ${uuids(itemIds)}) as fresh (digest, vector, item_id)
            order by digest
            on conflict (tenant_id, model, digest) do nothing`
          await addUse(sql, use)
        },
        { relaxedDurability: true },
      )
      return find(tenantId, digests)
    },
  }
}

/** Little-endian, whatever the machine. */
function writeVector(vector: Float32Array): Buffer {
  const octets = Buffer.alloc(vector.length * 4)
  for (const [i, value] of vector.entries()) octets.writeFloatLE(value, i * 4)
  return octets
}

function readVector(octets: Uint8Array): Float32Array {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
  return Float32Array.from({ length: octets.byteLength / 4 }, (_, i) => view.getFloat32(i * 4, true))
}
