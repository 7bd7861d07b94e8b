import type { ScopeId, TurnId } from './ids.ts'

export const roles = ['system', 'user', 'assistant', 'tool'] as const
/** Who speaks in a turn; `tool` where it carries nothing but tool output. */
export type Role = (typeof roles)[number]

/** A tool the model asked for. */
export interface ToolCall {
  /** Links the result to the call; the tool's name where the source gives no id. */
  readonly id: string
  readonly name: string
  /** A JSON value, nesting and size bounded. A `__proto__` key is an ordinary own property. */
  readonly input: unknown
}

/** What a tool answered. */
export interface ToolResult {
  /** The `id` of the call; '' where the source does not say. */
  readonly callId: string
  readonly content: string
  readonly isError: boolean
}

/** A message in a scope. Immutable. */
export interface Turn {
  readonly turnId: TurnId
  readonly scopeId: ScopeId
  /** Position in the scope, from 1, given by the server. */
  readonly sequence: number
  readonly role: Role
  readonly content: string
  readonly toolCalls: readonly ToolCall[]
  readonly toolResults: readonly ToolResult[]
  /** Tokens of {@link turnText}, counted by the server. */
  readonly tokenCount: number
  /** 0..1: how far where it comes from is trusted. */
  readonly trust: number
  /** SHA-256 of the content's UTF-8, lower-case hex, computed by the database. */
  readonly digest: string
  /** When it was said; the time of storing where nobody said. */
  readonly saidAt: string
}

/** The text of a turn as it is searched and shown: its words, then its tool calls and results. */
export function turnText(turn: Pick<Turn, 'content' | 'toolCalls' | 'toolResults'>): string {
  if (turn.toolCalls.length === 0 && turn.toolResults.length === 0) return turn.content
  const calls = turn.toolCalls.map((call) => `[call ${call.name} ${JSON.stringify(call.input) ?? ''}]`)
  const results = turn.toolResults.map((result) => `[${result.isError ? 'error' : 'result'} ${result.content}]`)
  return [turn.content, ...calls, ...results].filter((part) => part !== '').join('\n')
}
