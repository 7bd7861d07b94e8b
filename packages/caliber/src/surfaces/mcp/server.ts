/**
 * Caliber as an MCP server: one tool per operation, and nothing else.
 *
 * Built on the SDK's protocol layer rather than on its `McpServer`, because the tools are given by the registry and there
 * must be one validation: dispatch refuses bad input here with the codes and messages of every other surface.
 *
 * What the caller of a tool can act on is a tool result with `isError` (toolResult.ts). What only a broken client can cause
 * (an unknown tool, a malformed request, a cursor we never gave) is a JSON-RPC error, as the specification asks.
 */
import { ProtocolError, ProtocolErrorCode, Server } from '@modelcontextprotocol/server'
import { CaliberError, errorTable } from '../../domain/errors.ts'
import { assembleContext } from '../../operations/context/assemble.ts'
import { searchMemory } from '../../operations/memory/search.ts'
import { recordNote } from '../../operations/note/record.ts'
import { supersedeNote } from '../../operations/note/supersede.ts'
import { answered, refusalOf, refused, type ToolRefusal } from './toolResult.ts'
import { fencesField, operationsByTool, toolName, tools } from './tools.ts'

/** Run an operation in the name of the one principal that this server serves. */
export type OperationCall = (
  operation: string,
  input: unknown,
  options?: { readonly idempotencyKey?: string; readonly fences?: readonly string[] },
) => Promise<unknown>

/** The field of a request's `_meta` that carries an idempotency key, as the header does over HTTP. */
export const idempotencyField = 'caliber/idempotencyKey'

export interface McpInfo {
  readonly version: string
  /** Log a failure of ours, which the caller is told little about. @returns the request id that finds it in the log */
  readonly report?: (defect: unknown) => string
}

const instructions =
  `Caliber is your memory across sessions. Before you work on something, call ${toolName(assembleContext.name)} with the ` +
  `question at hand; look for single items with ${toolName(searchMemory.name)}. When you learn something that will matter ` +
  `later, call ${toolName(recordNote.name)}; when a note no longer holds, replace it with ${toolName(supersedeNote.name)}.`

/** The tools change with the version of the server alone. */
const toolsTtlMs = 300_000

/** Build a server for one connection or one request; connect it to a transport. */
export function createMcpServer(call: OperationCall, info: McpInfo): Server {
  const server = new Server(
    { name: 'caliber', title: 'Caliber', version: info.version },
    {
      capabilities: { tools: {} },
      instructions,
      cacheHints: { 'tools/list': { ttlMs: toolsTtlMs, cacheScope: 'public' } },
    },
  )

  server.setRequestHandler('tools/list', ({ params }) => {
    if (params?.cursor !== undefined) {
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'The tools are one page. List them without a cursor.')
    }
    return { tools: [...tools] }
  })

  server.setRequestHandler('tools/call', async ({ params }) => {
    const operation = operationsByTool.get(params.name)
    if (!operation) {
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `Unknown tool: ${params.name.slice(0, 200).toWellFormed()}`,
      )
    }
    try {
      const { [fencesField]: fences, ...input } = params.arguments ?? {}
      const idempotencyKey = params._meta?.[idempotencyField]
      const options = {
        ...(typeof idempotencyKey === 'string' && { idempotencyKey }),
        ...(Array.isArray(fences) && { fences: fences.map(String) }),
      }
      return answered(operation, await call(operation.name, input, options))
    } catch (error) {
      return refused(refusalFor(error, info))
    }
  })

  return server
}

/** What may be said of a failure: a {@link CaliberError} as it is, of anything else that there was one. */
function refusalFor(thrown: unknown, { report }: McpInfo): ToolRefusal {
  const error = thrown instanceof CaliberError ? thrown : new CaliberError('internal', defectMessage, {}, thrown)
  if (errorTable[error.code].http < 500) return refusalOf(error)
  // A passing state that we report on purpose is no defect; what a driver said on the way is worth a line.
  if (error.retryable && error.cause === undefined) return refusalOf(error)
  const requestId = report?.(error.cause ?? error)
  return requestId === undefined ? refusalOf(error) : { ...refusalOf(error), requestId }
}

const defectMessage = 'Caliber failed in a way it should not. Report it with the request id.'
