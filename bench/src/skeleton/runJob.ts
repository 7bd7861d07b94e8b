import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Answers, Job, JobMessage } from './jobs.ts'

export interface JobSetting {
  /** Stops the job; its process has ended when the promise rejects. */
  readonly signal: AbortSignal
  /** Directory for CPU profiles of the job's process. */
  readonly profileDir: string | undefined
  progress(text: string): void
}

const program = fileURLToPath(new URL('../skeletonProcess.js', import.meta.url))
/** No job takes a tenth of it; one that hangs must not hang the run. */
const longestJobMs = 5 * 60_000
const graceMs = 10_000

/** Run a job in a process of its own. */
export async function runJob<J extends Job>(
  job: J,
  { signal, profileDir, progress }: JobSetting,
): Promise<Answers[J['kind']]> {
  signal.throwIfAborted()
  const child = fork(program, {
    // Standard output is for the report alone.
    stdio: ['ignore', 2, 2, 'ipc'],
    execArgv: profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`],
  })
  const limit = AbortSignal.any([signal, AbortSignal.timeout(longestJobMs)])
  const ended = once(child, 'exit')
  try {
    const answer = await new Promise<unknown>((resolve, reject) => {
      child.on('message', (message: JobMessage) => {
        if (message.state === 'running') progress(message.progress)
        else if (message.state === 'done') resolve(message.answer)
        else reject(new Error(`Job ${job.kind} failed: ${message.message}`))
      })
      child.on('error', reject)
      child.on('exit', (code) => reject(new Error(`Job ${job.kind} ended with ${code} before it answered.`)))
      limit.addEventListener('abort', () => reject(limit.reason))
      child.send(job)
    })
    await ended
    // Both ends are of one build: what answers a job of this kind has this type.
    return answer as Answers[J['kind']]
  } finally {
    child.kill('SIGTERM')
    const killing = setTimeout(() => child.kill('SIGKILL'), graceMs)
    await ended
    clearTimeout(killing)
  }
}
