import { z } from 'zod'
import { artifactColumns } from '../../db/columns.ts'
import type { Artifact } from '../../domain/artifact.ts'
import { notFound } from '../../domain/notFound.ts'
import { operation } from '../operation.ts'
import { id } from '../schema.ts'
import { artifact } from './entity.ts'

export const getArtifact = operation({
  name: 'artifact.get',
  http: 'GET /v1/artifacts/{artifactId}',
  summary: 'Get an artifact: its newest revision, or the one you name.',
  example: { artifactId: '01890a5d-ac96-774b-bcce-b302099a8057' },
  input: z.strictObject({
    artifactId: id('artifact'),
    revision: z.int().min(1).max(2_147_483_647).optional(),
  }),
  output: artifact,
  effect: 'read',
  needs: 'read',
  mcp: true,
  idempotent: true,

  async run({ sql }, { artifactId, revision }) {
    const [found] = await sql<Artifact>`
      select ${artifactColumns}
      from caliber.artifact a
      join caliber.artifact_revision r
        on r.tenant_id = a.tenant_id and r.artifact_id = a.id and r.revision = coalesce(${revision ?? null}, a.revision)
      where a.tenant_id = caliber.current_tenant() and a.id = ${artifactId}`
    if (!found) throw notFound(revision === undefined ? 'artifact' : `revision ${revision} of artifact`, artifactId)
    return found
  },
})
