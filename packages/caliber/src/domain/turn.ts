import type { ScopeId, TurnId } from './ids.ts'
import type { ToolCall, ToolResult } from './transcript/draft.ts'

export const roles = ['system', 'user', 'assistant', 'tool'] as const
export type Role = (typeof roles)[number]

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
