/**
 * One transcript, streamed into the memory chunk by chunk.
 *
 * A chunk is one transaction, so whatever ends the import, everything before stands, and doing it again adds only what is
 * missing. The format is settled by the first chunk: later ones are read the same way.
 */
import { clientOver, type TranscriptImportOutput, type Transport } from '@caliber/client'
import { limits } from '../../domain/limits.ts'
import { transcriptChunks } from '../../domain/transcript/chunks.ts'

export interface ImportRequest {
  readonly source: string
  readonly format: 'auto' | 'claude-code' | 'openai' | 'plain'
  readonly onMalformed: 'skip' | 'stop'
}

/** What came of one file. Field names are those of the operation's answer, summed up over the chunks. */
export interface ImportSummary {
  readonly source: string
  readonly trajectoryId: string | null
  /** Null for a file without a line. */
  readonly format: string | null
  readonly turnsAdded: number
  readonly turnsPresent: number
  readonly ignored: number
  readonly repaired: number
  readonly malformedCount: number
  /** The first of them. */
  readonly malformed: readonly { readonly line: number; readonly code: string; readonly message: string }[]
  readonly stoppedAtLine: number | null
}

export interface ImportProgress {
  readonly bytesRead: number
  readonly turns: number
}

/** Aim of a chunk: small enough for steady progress, large enough that transactions do not count. */
const chunkChars = 1_000_000
/** The operation's own limit, less the line end. */
const longestLineChars = limits.transcriptChunkChars - 2
const malformedKept = 1_000

/** Import a stream. @param goOn asked before each chunk; what was imported until then stands */
export async function importFile(
  bytes: AsyncIterable<Uint8Array>,
  request: ImportRequest,
  transport: Transport,
  goOn: () => boolean,
  onProgress: (progress: ImportProgress) => void,
): Promise<ImportSummary> {
  const client = clientOver(transport)
  let summary = nothing(request.source)
  let format = request.format
  for await (const { text, firstLine, bytesRead } of transcriptChunks(bytes, {
    maxChunkChars: chunkChars,
    maxLineChars: longestLineChars,
  })) {
    if (!goOn()) break
    const answer = await client.transcript.import({ ...request, format, text, firstLine }).catch((error: unknown) => {
      // Ctrl-C reaches a bundled server too, which may end before its last answer; the next import finds what it had.
      if (goOn()) throw error
    })
    if (!answer) break
    summary = sum(summary, answer)
    format = formatOf(answer.format) ?? format
    onProgress({ bytesRead, turns: summary.turnsAdded + summary.turnsPresent })
    if (answer.stoppedAtLine !== null) break
  }
  return summary
}

function nothing(source: string): ImportSummary {
  return {
    source,
    trajectoryId: null,
    format: null,
    turnsAdded: 0,
    turnsPresent: 0,
    ignored: 0,
    repaired: 0,
    malformedCount: 0,
    malformed: [],
    stoppedAtLine: null,
  }
}

function sum(before: ImportSummary, chunk: TranscriptImportOutput): ImportSummary {
  return {
    source: before.source,
    trajectoryId: before.trajectoryId ?? chunk.trajectoryId,
    format: chunk.format,
    turnsAdded: before.turnsAdded + chunk.turnsAdded,
    turnsPresent: before.turnsPresent + chunk.turnsPresent,
    ignored: before.ignored + chunk.ignored,
    repaired: before.repaired + chunk.repaired,
    malformedCount: before.malformedCount + chunk.malformedCount,
    malformed: [...before.malformed, ...chunk.malformed].slice(0, malformedKept),
    stoppedAtLine: chunk.stoppedAtLine,
  }
}

function formatOf(text: string): ImportRequest['format'] | undefined {
  return text === 'claude-code' || text === 'openai' || text === 'plain' ? text : undefined
}
