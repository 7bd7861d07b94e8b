/**
 * MCP over standard input and output: one client, one connection, until the client goes away.
 *
 * Standard output carries protocol messages alone. The console of the process is pointed at standard error meanwhile, so
 * that not even a stray line of a dependency can break a connection.
 */
import { Console } from 'node:console'
import { randomUUID } from 'node:crypto'
import { pipeline, type Readable, type Writable } from 'node:stream'
import { serveStdio as connectStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio'
import { limits } from '../../domain/limits.ts'
import { createMcpServer, type McpInfo, type OperationCall } from './server.ts'
import { StdioLines } from './stdioLines.ts'

/** The three streams of a process. */
export interface Stdio {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
}

/**
 * Serve one client until it closes its end, the process is told to stop (SIGINT, SIGTERM), or the pipe breaks.
 *
 * @returns when no call is running any more, so that the caller may close the database and let the process end; what is
 *   still unanswered then stays so, as the client no longer listens
 */
export async function serveStdio(call: OperationCall, info: McpInfo, stdio: Stdio = process): Promise<void> {
  const log = (line: string) => void stdio.stderr.write(`caliber mcp: ${line}\n`)
  const running = new Set<Promise<unknown>>()
  const counted: OperationCall = (operation, input, options) => {
    const answer = call(operation, input, options)
    running.add(answer)
    const done = () => void running.delete(answer)
    answer.then(done, done)
    return answer
  }
  const reporting: McpInfo = { report: (defect) => reportTo(log, defect), ...info }

  const lines = new StdioLines(limits.requestBytes, (id, code, message) => {
    log(message)
    stdio.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } })}\n`)
  })
  const restoreConsole = divertConsole(stdio)
  await new Promise<void>((closed) => {
    const connection = connectStdio(() => createMcpServer(counted, reporting), {
      transport: new ClosingTransport(lines, stdio.stdout, closed),
      onerror: ({ message }) => log(message),
    })
    const stop = () => void connection.close()
    process.once('SIGINT', stop)
    process.once('SIGTERM', stop)
    // Ends both streams together, however one of them ends; the transport hears of it through `lines`.
    pipeline(stdio.stdin, lines, () => {
      process.off('SIGINT', stop)
      process.off('SIGTERM', stop)
    })
  })
  // An open standard input would keep the process alive.
  lines.destroy()
  await Promise.allSettled(running)
  restoreConsole()
}

/** Tells when the connection is over, for whatever reason. */
class ClosingTransport extends StdioServerTransport {
  readonly #closed: () => void

  constructor(stdin: Readable, stdout: Writable, closed: () => void) {
    // StdioLines bounds a line; what is buffered here is one of them and its newline.
    super(stdin, stdout, { maxBufferSize: limits.requestBytes + 1 })
    this.#closed = closed
  }

  override async close(): Promise<void> {
    await super.close()
    this.#closed()
  }
}

function reportTo(log: (line: string) => void, defect: unknown): string {
  const requestId = randomUUID()
  log(`request ${requestId}: ${defect instanceof Error ? (defect.stack ?? defect.message) : String(defect)}`)
  return requestId
}

/** Point the global console at standard error. @returns undoes it */
function divertConsole({ stderr }: Stdio): () => void {
  const before = globalThis.console
  globalThis.console = new Console(stderr)
  return () => {
    globalThis.console = before
  }
}
