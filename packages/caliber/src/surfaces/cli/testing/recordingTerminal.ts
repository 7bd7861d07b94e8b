import type { Terminal } from '../terminal.ts'

export interface RecordingTerminal extends Terminal {
  readonly stdout: () => string
  readonly stderr: () => string
}

/** A terminal that keeps what is written. It has no colours unless asked, and no person behind it. */
export function recordingTerminal(
  options: { stdin?: string; width?: number; outIsTerminal?: boolean } = {},
): RecordingTerminal {
  let stdout = ''
  let stderr = ''
  return {
    out: (text) => void (stdout += text),
    err: (text) => void (stderr += text),
    stdin: one(options.stdin ?? ''),
    outIsTerminal: options.outIsTerminal ?? false,
    errIsTerminal: false,
    width: options.width ?? 120,
    style: (_, text) => text,
    debug: false,
    stdout: () => stdout,
    stderr: () => stderr,
  }
}

async function* one(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text)
}
