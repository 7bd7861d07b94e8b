import { CaliberError } from '../../domain/errors.ts'
import type { Principal } from '../../domain/principal.ts'
import { operationsByTool } from './tools.ts'

/**
 * Refuse the call of a tool for which the token has too small a scope, while it can still be refused with a status.
 *
 * Dispatch would refuse it all the same, but in a tool's result, which tells the model and not the client: with a status
 * the client can ask its issuer for more (MCP, authorization, step-up).
 *
 * @param body a JSON-RPC message; anything else is left to the SDK
 * @throws CaliberError `forbidden`
 */
export function assertToolAllowed(body: unknown, { rights }: Principal): void {
  const { method, params } = fieldsOf(body)
  const { name } = fieldsOf(params)
  const operation = method === 'tools/call' && typeof name === 'string' ? operationsByTool.get(name) : undefined
  if (!operation || operation.needs === 'none' || rights.includes(operation.needs)) return
  throw new CaliberError('forbidden', `${name} needs the right "${operation.needs}", which this token lacks.`, {
    needs: operation.needs,
    has: rights,
  })
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
