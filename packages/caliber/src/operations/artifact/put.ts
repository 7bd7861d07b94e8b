import { z } from 'zod'
import { artifactColumns } from '../../db/columns.ts'
import { holdLineage } from '../../db/holdLineage.ts'
import { json, type Sql, uuids } from '../../db/sql.ts'
import { type Artifact, artifactTypes } from '../../domain/artifact.ts'
import { CaliberError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import { notFound } from '../../domain/notFound.ts'
import { assertVersion } from '../../domain/states.ts'
import { only } from '../only.ts'
import { operation } from '../operation.ts'
import { id, text, trust } from '../schema.ts'
import { findTrajectory } from '../trajectory/entity.ts'
import { artifact, provenance } from './entity.ts'

export const putArtifact = operation({
  name: 'artifact.put',
  http: 'PUT /v1/trajectories/{trajectoryId}/artifacts',
  summary: 'Store an output under a name; other content under the same name becomes its next revision.',
  example: {
    trajectoryId: '01890a5d-ac96-774b-bcce-b302099a8057',
    type: 'plan',
    name: 'rollout.md',
    content: '1. dry run\n2. migrate\n3. switch',
  },
  input: z.strictObject({
    trajectoryId: id('trajectory'),
    type: z.enum(artifactTypes).describe('Fixed by the first revision; another one is refused.'),
    name: text(limits.nameChars).describe('Unique in its trajectory.'),
    content: text(limits.contentChars),
    provenance: provenance.prefault({}),
    trust: trust.default(1),
    revision: z.int().min(0).optional().describe('The one you read, 0 for none; another one is refused.'),
  }),
  output: artifact,
  effect: 'write',
  needs: 'write',
  mcp: true,
  idempotent: false,

  async run(
    { sql, newId, countTokens, emit },
    { trajectoryId, type, name, content, provenance, trust, revision: read },
  ) {
    await holdLineage(sql)
    const { regionId } = await findTrajectory(sql, trajectoryId)
    await assertTurns(sql, provenance.sourceTurnIds)
    await sql`
      insert into caliber.artifact (tenant_id, id, region_id, trajectory_id, type, name, revision)
      values (caliber.current_tenant(), ${newId()}, ${regionId}, ${trajectoryId}, ${type}, ${name}, 0)
      on conflict (tenant_id, trajectory_id, name) do nothing`
    const current = only(
      await sql<{ artifactId: string; type: string; revision: number; same: boolean | null }>`
        select a.id as "artifactId", a.type, a.revision, r.content = ${content} as same
        from caliber.artifact a
        left join caliber.artifact_revision r
          on r.tenant_id = a.tenant_id and r.artifact_id = a.id and r.revision = a.revision
        where a.tenant_id = caliber.current_tenant() and a.trajectory_id = ${trajectoryId} and a.name = ${name}
        for update of a`,
    )
    assertVersion('artifact', current.artifactId, current.revision, read)
    if (current.type !== type) {
      throw new CaliberError(
        'conflict',
        `Artifact ${current.artifactId} named ${name} is a ${current.type}, not a ${type}. Keep its type or choose another name.`,
        { artifactId: current.artifactId, type: current.type },
      )
    }
    if (current.same !== true) {
      const revision = current.revision + 1
      await sql`
        insert into caliber.artifact_revision (tenant_id, region_id, artifact_id, revision, content, token_count, provenance, trust, created_by)
        values (caliber.current_tenant(), ${regionId}, ${current.artifactId}, ${revision}, ${content}, ${countTokens(content)},
                ${json(provenance)}, ${trust}, caliber.current_principal())`
      await sql`
        update caliber.artifact set revision = ${revision}, updated_at = clock_timestamp()
        where tenant_id = caliber.current_tenant() and id = ${current.artifactId}`
      emit({ kind: 'artifact.revised', subjectId: current.artifactId, regionId, data: { trajectoryId, revision } })
    }
    return only(
      await sql<Artifact>`
        select ${artifactColumns}
        from caliber.artifact a
        join caliber.artifact_revision r on r.tenant_id = a.tenant_id and r.artifact_id = a.id and r.revision = a.revision
        where a.tenant_id = caliber.current_tenant() and a.id = ${current.artifactId}`,
    )
  },
})

async function assertTurns(sql: Sql, turnIds: readonly string[]): Promise<void> {
  if (turnIds.length === 0) return
  const rows = await sql<{ id: string }>`
    select id from caliber.turn where tenant_id = caliber.current_tenant() and id = any(${uuids(turnIds)})`
  const found = new Set(rows.map(({ id }) => id))
  const missing = turnIds.find((turnId) => !found.has(turnId))
  if (missing !== undefined) throw notFound('turn', missing)
}
