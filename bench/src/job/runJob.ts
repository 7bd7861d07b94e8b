import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { JobMessage } from './answerJob.ts'

export interface JobSetting {
  /** Stops the job; its process has ended when the promise rejects. */
  readonly signal: AbortSignal
  /** Directory for CPU profiles of the job's process. */
  readonly profileDir: string | undefined
  /** After which the job has failed: one that hangs must not hang the run. Default 5 minutes. */
  readonly longestMs?: number
  progress(text: string): void
}

const defaultLongestMs = 5 * 60_000
const graceMs = 10_000
/** Of a job that failed: some carry thousands of questions. */
const shownChars = 200

/**
 * Run a job in a process of its own.
 *
 * @param program answers one job, see `answerJob.ts`
 * @returns what the program says; that it is of this type, both ends being of one build, is the caller's to know
 */
export async function runJob<Answer>(
  program: URL,
  job: object,
  { signal, profileDir, longestMs = defaultLongestMs, progress }: JobSetting,
): Promise<Answer> {
  signal.throwIfAborted()
  const child = fork(program, {
    // Standard output is for the report alone.
    stdio: ['ignore', 2, 2, 'ipc'],
    execArgv: profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`],
  })
  const limit = AbortSignal.any([signal, AbortSignal.timeout(longestMs)])
  const ended = once(child, 'exit')
  try {
    const answer = await new Promise<unknown>((resolve, reject) => {
      child.on('message', (message: JobMessage) => {
        if (message.state === 'running') progress(message.progress)
        else if (message.state === 'done') resolve(message.answer)
        else reject(new Error(`Job ${JSON.stringify(job).slice(0, shownChars)} failed: ${message.message}`))
      })
      child.on('error', reject)
      child.on('exit', (code) => reject(new Error(`A job ended with ${code} before it answered.`)))
      limit.addEventListener('abort', () => reject(limit.reason))
      child.send(job)
    })
    await ended
    return answer as Answer
  } finally {
    child.kill('SIGTERM')
    const killing = setTimeout(() => child.kill('SIGKILL'), graceMs)
    await ended
    clearTimeout(killing)
  }
}
