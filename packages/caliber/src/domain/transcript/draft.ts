/**
 * What the transcript readers produce: turns that are not stored yet, and what could not be read.
 *
 * A transcript comes as JSON lines in one of three formats. Every non-blank line ends up in exactly one place:
 * its turns in `drafts`, a reason in `malformed`, or the count `ignored`. The one overlap is `bad_time`.
 */

import type { Role, ToolCall, ToolResult } from '../turn.ts'

/** Name the formats `parseTranscript` reads; what each one means is in the header of its reader. */
export type TranscriptFormat = 'claude-code' | 'openai' | 'plain'

/** A turn as read from a transcript, before it has a scope and an id of its own. */
export interface TurnDraft {
  /** Becomes a scope: one conversation, or one side conversation of it. `main` where the format has none. */
  readonly session: string
  /**
   * Identity of this turn inside its source: the same after re-import, after lines were appended, and wherever the
   * chunks were cut. Two drafts with one key are the same turn (Claude Code does write a line twice): keep the first.
   */
  readonly key: string
  readonly role: Role
  /** Text shown to or by the model; '' when the turn is only tool calls or results. */
  readonly content: string
  readonly toolCalls: readonly ToolCall[]
  readonly toolResults: readonly ToolResult[]
  /** ISO-8601 UTC with milliseconds; null where the source has no time or not a valid one. */
  readonly at: string | null
}

/**
 * Say why a line, or one message of it, is no turn.
 *
 * `bad_time` is the exception: the turn is kept, without its time.
 */
export type MalformedCode = 'not_json' | 'not_a_turn' | 'too_long' | 'too_many' | 'too_deep' | 'bad_time'

/** A diagnostic for one line. */
export interface Malformed {
  readonly line: number
  readonly code: MalformedCode
  /** What is wrong and what was expected, with at most a short excerpt of printable ASCII. */
  readonly message: string
}

/** A draft with the line it was read from; a conversation on one line gives several. */
export interface NumberedDraft {
  readonly line: number
  readonly draft: TurnDraft
}

/** Everything one chunk of a transcript holds, in line order. */
export interface ParsedChunk {
  readonly drafts: readonly NumberedDraft[]
  readonly malformed: readonly Malformed[]
  /** Valid records without a turn: summaries, snapshots, meta lines, empty messages, private reasoning. */
  readonly ignored: number
  /** NUL characters and lone surrogates in the drafts that became U+FFFD. */
  readonly repaired: number
}
