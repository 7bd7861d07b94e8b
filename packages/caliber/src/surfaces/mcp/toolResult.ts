/**
 * Answers and refusals as tool results.
 *
 * A refusal is a result with `isError`, which a model can read and act on. Its facts for programs stand in `_meta`, not in
 * `structuredContent`: version 1 of the official client checks structured content against the output schema of the tool
 * even on an error, and would replace our message by a complaint about the schema.
 */
import type { CallToolResult } from '@modelcontextprotocol/server'
import { CaliberError, type ErrorCode } from '../../domain/errors.ts'
import type { AnyOperation } from '../../operations/operation.ts'

/** Where a refused call carries its {@link ToolRefusal}. */
export const refusalKey = 'caliber/error'

/** What a program needs to know of a failed call; the same facts as on every surface. */
export interface ToolRefusal {
  readonly code: ErrorCode
  readonly message: string
  readonly detail: Readonly<Record<string, unknown>>
  readonly retryable: boolean
  /** Finds a failure of ours in the log of the server. */
  readonly requestId?: string
}

/** The whole output for programs, and a text for the model: an assembled context as itself, anything else as JSON. */
export function answered({ name }: AnyOperation, output: unknown): CallToolResult {
  if (!isObject(output)) throw new CaliberError('internal', `${name} answered with something that is no object.`)
  const text = name === 'context.assemble' ? contextText(output) : undefined
  return { content: [{ type: 'text', text: text ?? JSON.stringify(output) }], structuredContent: output }
}

/** A context in the format `messages` has no text of its own. */
function contextText({ text, messages }: Record<string, unknown>): string {
  return typeof text === 'string' ? text : JSON.stringify(messages)
}

export function refused(refusal: ToolRefusal): CallToolResult {
  const { code, message, requestId } = refusal
  const text = `${code}: ${message}${requestId === undefined ? '' : ` (request ${requestId})`}`
  return {
    isError: true,
    content: [{ type: 'text', text }],
    _meta: { [refusalKey]: refusal },
  }
}

export function refusalOf({ code, message, detail, retryable }: CaliberError): ToolRefusal {
  return { code, message, detail, retryable }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
