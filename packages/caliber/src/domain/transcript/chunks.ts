import { limits } from './limits.ts'
import type { SourceRecord } from './lines.ts'
import { splitRecords } from './records.ts'

/** Whole lines of a source, ready for `parseTranscript`. */
export interface TranscriptChunk {
  readonly text: string
  /** Line number of the first line of `text`; in a whole JSON document, elements are counted instead. */
  readonly firstLine: number
  /** Bytes taken from the source so far, for a progress bar. */
  readonly bytesRead: number
}

/** Bounds for `transcriptChunks`, in UTF-16 units. */
interface ChunkBounds {
  /** Aim of a chunk. A single longer line makes a longer chunk of its own. */
  readonly maxChunkChars: number
  /** A longer line is discarded as it streams and stands as `OVERLONG_LINE`. `limits.lineChars` unless given. */
  readonly maxLineChars?: number
}

/**
 * Cut a byte stream into chunks of whole lines, in memory bounded by the two limits and the size of the pieces.
 *
 * UTF-8, decoded across pieces; what is not UTF-8 becomes U+FFFD. Besides JSON lines, takes a whole JSON document (an
 * array of messages or conversations, or a pretty-printed `{messages: […]}`) and yields its elements as lines; see
 * `records.ts` for what counts as one. Where the chunks are cut never changes what is parsed from them.
 */
export async function* transcriptChunks(
  bytes: AsyncIterable<Uint8Array>,
  { maxChunkChars, maxLineChars = limits.lineChars }: ChunkBounds,
): AsyncGenerator<TranscriptChunk, void, undefined> {
  const decoder = new TextDecoder()
  const splitter = splitRecords(maxLineChars)
  const chunk = openChunk(maxChunkChars)
  let bytesRead = 0

  for await (const piece of bytes) {
    bytesRead += piece.byteLength
    for (const record of splitter.push(decoder.decode(piece, { stream: true }))) {
      const full = chunk.add(record)
      if (full !== undefined) yield { ...full, bytesRead }
    }
  }
  for (const record of [...splitter.push(decoder.decode()), ...splitter.end()]) {
    const full = chunk.add(record)
    if (full !== undefined) yield { ...full, bytesRead }
  }
  const last = chunk.close()
  if (last !== undefined) yield { ...last, bytesRead }
}

export type Cut = Omit<TranscriptChunk, 'bytesRead'>

/** Gathers records; blank lines between two of them come back as line breaks, or as the end of the chunk. */
export function openChunk(maxChunkChars: number): {
  add(record: SourceRecord): Cut | undefined
  close(): Cut | undefined
} {
  let texts: string[] = []
  let chars = 0
  let firstLine = 1
  let nextLine = 1

  const close = (): Cut | undefined => {
    const cut = texts.length === 0 ? undefined : { text: texts.join(''), firstLine }
    texts = []
    chars = 0
    return cut
  }
  return {
    add({ line, text }) {
      let gap = line - nextLine
      const full = chars + gap + text.length + 1 > maxChunkChars ? close() : undefined
      if (texts.length === 0) {
        firstLine = line
        gap = 0
      }
      texts.push('\n'.repeat(gap), text, '\n')
      chars += gap + text.length + 1
      nextLine = line + 1
      return full
    },
    close,
  }
}
