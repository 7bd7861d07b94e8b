/** Take a child process along when ours ends, without changing how ours ends. */
import type { ChildProcess } from 'node:child_process'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Stop the child when this process exits or is signalled; returns how to forget about it.
 *
 * A signal that nobody else listens to keeps its meaning: we pass it on to ourselves once the child has been told.
 * Nothing helps against SIGKILL; the next start finds the server that is left over.
 */
export function stopWithUs(child: ChildProcess): () => void {
  const tell = () => {
    // Fast shutdown, in the words of Postgres.
    child.kill('SIGINT')
  }
  const onSignal = (signal: NodeJS.Signals) => {
    // Somebody else listens and will close in order, the server last.
    if (process.listenerCount(signal) > 1) return
    tell()
    process.off(signal, onSignal)
    process.kill(process.pid, signal)
  }
  const forget = () => {
    process.off('exit', tell)
    for (const signal of SIGNALS) process.off(signal, onSignal)
  }
  process.on('exit', tell)
  for (const signal of SIGNALS) process.on(signal, onSignal)
  child.once('exit', forget)
  return forget
}
