import { limits as domainLimits } from '../limits.ts'

/**
 * Bound what a transcript may bring in. Beyond a limit the line is reported as malformed; nothing is truncated, so
 * what is stored is what was said.
 */
export const limits = {
  /** Characters of one line: what one chunk can carry. The longest tool results seen in public transcripts are about 4 M. */
  lineChars: domainLimits.transcriptChunkChars - 1,
  /** UTF-16 units of a turn: its text, its tool results, and its tool inputs with 1 per JSON value. */
  turnChars: domainLimits.contentChars,
  /** Tool calls of a turn, and tool results of a turn. */
  toolsPerTurn: domainLimits.toolsPerTurn,
  /** Messages of a conversation on one line. Bounds diagnostics too, which are longer than what they report. */
  messagesPerLine: 10_000,
  /** Characters of a session, a key, a call id and a tool name. */
  idChars: domainLimits.keyChars,
  /** Nested arrays and objects, of a line and of tool arguments written as a string. */
  depth: domainLimits.jsonDepth,
} as const

/** Stand-in that `transcriptChunks` yields for a line beyond `limits.lineChars`; parsing reports it as `too_long`. */
export const OVERLONG_LINE = '{"caliber":"line too long"}'
