import { z } from 'zod'
import { limits } from '../../domain/limits.ts'
import { operation } from '../operation.ts'
import { id } from '../schema.ts'
import { assertOpen, lockScope } from '../scope/entity.ts'
import { newTurn, turn } from './entity.ts'
import { insertTurns } from './insert.ts'

export const appendTurns = operation({
  name: 'turn.append',
  http: 'POST /v1/scopes/{scopeId}/turns',
  summary: 'Append one or many turns to an open scope.',
  example: {
    scopeId: '01890a5d-ac96-774b-bcce-b302099a8057',
    turns: [{ role: 'user', content: 'Deploy to Stockholm from now on.' }],
  },
  input: z.strictObject({
    scopeId: id('scope'),
    turns: z.array(newTurn).min(1).max(limits.turnsPerAppend),
  }),
  output: z.strictObject({ turns: z.array(turn) }),
  effect: 'write',
  needs: 'write',
  mcp: true,
  idempotent: false,

  async run(context, { scopeId, turns }) {
    const scope = await lockScope(context.sql, scopeId)
    assertOpen(scope)
    const incoming = turns.map(({ at, ...rest }) => ({ ...rest, at: at ?? null, key: null }))
    return { turns: await insertTurns(context, scope, incoming) }
  },
})
