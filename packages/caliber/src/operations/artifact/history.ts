import { z } from 'zod'
import { artifactColumns } from '../../db/columns.ts'
import type { Artifact } from '../../domain/artifact.ts'
import { notFound } from '../../domain/notFound.ts'
import { operation } from '../operation.ts'
import { id, pageLimit } from '../schema.ts'
import { artifact } from './entity.ts'

export const listArtifactHistory = operation({
  name: 'artifact.history',
  http: 'GET /v1/artifacts/{artifactId}/history',
  summary: 'List the revisions of an artifact, newest first, without their content.',
  example: { artifactId: '01890a5d-ac96-774b-bcce-b302099a8057' },
  input: z.strictObject({
    artifactId: id('artifact'),
    limit: pageLimit,
    beforeRevision: z.int().min(1).max(2_147_483_647).optional().describe('The "next" of the page before.'),
  }),
  output: z.strictObject({ items: z.array(artifact.omit({ content: true })), next: z.int().nullable() }),
  effect: 'read',
  needs: 'read',
  mcp: true,
  idempotent: true,

  async run({ sql }, { artifactId, limit, beforeRevision }) {
    const rows = await sql<Artifact>`
      select ${artifactColumns}
      from caliber.artifact a
      join caliber.artifact_revision r on r.tenant_id = a.tenant_id and r.artifact_id = a.id
      where a.tenant_id = caliber.current_tenant() and a.id = ${artifactId}
        and (${beforeRevision ?? null}::integer is null or r.revision < ${beforeRevision ?? null})
      order by r.revision desc limit ${limit}`
    if (rows.length === 0 && beforeRevision === undefined) throw notFound('artifact', artifactId)
    const last = rows.at(-1)?.revision
    const items = rows.map(({ content: _, ...rest }) => rest)
    return { items, next: last !== undefined && last > 1 ? last : null }
  },
})
