import type { Role, ToolCall, ToolResult } from '../turn.ts'
import type { MalformedCode, TurnDraft } from './draft.ts'
import { limits } from './limits.ts'
import { repairJson, repairText, type Tally } from './repair.ts'
import { readTime } from './time.ts'

/** What a reader made of one record. */
export type Outcome =
  | { readonly kind: 'turn'; readonly draft: TurnDraft; readonly repaired: number; readonly badTime: boolean }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'malformed'; readonly code: MalformedCode; readonly message: string }

/** A record that is valid and carries no turn. */
export const IGNORED: Outcome = { kind: 'ignored' }

/** Report a record that is no turn. */
export function malformed(code: MalformedCode, message: string): Outcome {
  return { kind: 'malformed', code, message }
}

/** Where a turn belongs; ids are strings, or numbers that become strings. */
interface Placement {
  readonly session: string
  readonly key: string
  readonly role: Role
  /** As the source wrote it; undefined and null mean that there is none. */
  readonly time: unknown
}

/**
 * Collects one turn, piece by piece.
 *
 * The first problem wins: readers report it with `refuse` and go on, `finish` decides. Limits and repairs live here, so
 * no reader can forget them.
 */
export class DraftBuilder {
  readonly #texts: string[] = []
  readonly #toolCalls: ToolCall[] = []
  readonly #toolResults: ToolResult[] = []
  readonly #tally: Tally = { repaired: 0, chars: 0 }
  #refusal: Outcome | undefined

  /** Add text to the content; pieces are joined with newlines, empty ones left out. */
  text(text: string): void {
    if (text !== '') this.#texts.push(repairText(text, this.#tally))
  }

  /** Add a tool call. `input` must not nest deeper than `limits.depth`. */
  call(id: unknown, name: unknown, input: unknown): void {
    const callName = identifier(name)
    if (callName === undefined) return this.refuse('not_a_turn', 'A tool call has no name; expected a non-empty string')
    const callId = this.#id('tool call id', identifier(id) ?? callName)
    const value = repairJson(input === undefined ? null : input, this.#tally)
    this.#toolCalls.push({ id: callId, name: this.#id('tool name', callName), input: value })
  }

  /** Add a tool result. */
  result(callId: unknown, content: string, isError: boolean): void {
    const id = this.#id('tool call id', identifier(callId) ?? '')
    this.#toolResults.push({ callId: id, content: repairText(content, this.#tally), isError })
  }

  /** Report why this is no turn; later reports are dropped. */
  refuse(code: MalformedCode, message: string): void {
    this.#refusal ??= malformed(code, message)
  }

  /** Close the turn. Without visible text, calls and results there is none. */
  finish(placement: Placement): Outcome {
    const session = this.#id('session', placement.session)
    const key = this.#id('key', placement.key)
    this.#enforceLimits()
    if (this.#refusal !== undefined) return this.#refusal

    const content = this.#texts.join('\n')
    const toolCalls = this.#toolCalls
    const toolResults = this.#toolResults
    if (content.trim() === '' && toolCalls.length === 0 && toolResults.length === 0) return IGNORED
    const at = readTime(placement.time) ?? null
    const badTime = at === null && placement.time !== undefined && placement.time !== null
    const draft: TurnDraft = { session, key, role: placement.role, content, toolCalls, toolResults, at }
    return { kind: 'turn', draft, repaired: this.#tally.repaired, badTime }
  }

  #enforceLimits(): void {
    const tools = Math.max(this.#toolCalls.length, this.#toolResults.length)
    if (tools > limits.toolsPerTurn) {
      this.refuse('too_many', `The turn has ${tools} tool calls or results; expected at most ${limits.toolsPerTurn}`)
    }
    const chars = this.#tally.chars + Math.max(0, this.#texts.length - 1)
    if (chars > limits.turnChars) {
      this.refuse('too_long', `The turn has ${chars} characters; expected at most ${limits.turnChars}`)
    }
  }

  #id(what: string, id: string): string {
    if (id.length > limits.idChars) {
      this.refuse('too_long', `The ${what} has ${id.length} characters; expected at most ${limits.idChars}`)
    }
    const tally = { repaired: 0, chars: 0 }
    const repaired = repairText(id, tally)
    this.#tally.repaired += tally.repaired
    return repaired
  }
}

/** Read an id: a non-empty string, or a whole number as its digits. */
export function identifier(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value
  return Number.isSafeInteger(value) ? String(value) : undefined
}
