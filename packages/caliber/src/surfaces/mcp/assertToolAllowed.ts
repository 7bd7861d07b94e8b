import type { Principal } from '../../domain/principal.ts'
import { assertRight } from '../../operations/assertRight.ts'
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
export function assertToolAllowed(body: unknown, principal: Principal): void {
  const { method, params } = fieldsOf(body)
  const { name } = fieldsOf(params)
  const operation = method === 'tools/call' && typeof name === 'string' ? operationsByTool.get(name) : undefined
  if (operation) assertRight(operation, principal)
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
