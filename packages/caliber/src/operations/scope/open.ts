import { z } from 'zod'
import { scopeColumns } from '../../db/columns.ts'
import { CaliberError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import type { Scope } from '../../domain/scope.ts'
import { only } from '../only.ts'
import { operation } from '../operation.ts'
import { id, text } from '../schema.ts'
import { findTrajectory } from '../trajectory/entity.ts'
import { scope } from './entity.ts'

export const openScope = operation({
  name: 'scope.open',
  http: 'POST /v1/scopes',
  summary: 'Open a scope: a working window of a trajectory with a token budget.',
  example: { trajectoryId: '01890a5d-ac96-774b-bcce-b302099a8057', name: 'Monday', budgetTokens: 8000 },
  input: z.strictObject({
    trajectoryId: id('trajectory'),
    name: text(limits.nameChars),
    purpose: text(limits.goalChars).optional(),
    budgetTokens: z
      .int()
      .min(1)
      .max(limits.budgetTokens)
      .default(limits.defaultBudgetTokens)
      .describe('Budget of a context assembled for this scope when the request names none.'),
  }),
  output: scope,
  effect: 'write',
  needs: 'write',
  mcp: true,
  idempotent: false,

  async run({ sql, newId, emit }, { trajectoryId, name, purpose, budgetTokens }) {
    const { status, regionId } = await findTrajectory(sql, trajectoryId)
    if (status !== 'active') {
      throw new CaliberError(
        'illegal_state',
        `Trajectory ${trajectoryId} is ${status}; only an active one opens scopes. Start or resume one.`,
        { noun: 'trajectory', id: trajectoryId, state: status, legal: ['active'] },
      )
    }
    const opened = only(
      await sql<Scope>`
        insert into caliber.scope (tenant_id, id, region_id, trajectory_id, name, purpose, budget_tokens, status)
        values (caliber.current_tenant(), ${newId()}, ${regionId}, ${trajectoryId}, ${name}, ${purpose ?? null}, ${budgetTokens}, 'open')
        returning ${scopeColumns}`,
    )
    emit({ kind: 'scope.opened', subjectId: opened.scopeId, regionId, data: { trajectoryId, budgetTokens } })
    return opened
  },
})
