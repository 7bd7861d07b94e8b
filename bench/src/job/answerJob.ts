/** The other end of `runJob.ts`: the process of one job. It is told the job, answers, and ends. */

/** What a job's process says to the one that started it. */
export type JobMessage =
  | { readonly state: 'running'; readonly progress: string }
  | { readonly state: 'done'; readonly answer: unknown }
  | { readonly state: 'failed'; readonly message: string }

/**
 * Answer the one job that this process is told, then close what it opened.
 *
 * Asked to stop (Ctrl-C, or the other process gone), it closes first, so that no database server stays behind.
 *
 * @param close called once, after the answer or in the middle of the work
 */
export function answerJob<Job>(
  run: (job: Job, progress: (text: string) => void) => Promise<unknown>,
  close: () => Promise<void>,
): void {
  const stop = async (code: number): Promise<never> => {
    await close().catch(() => undefined)
    process.exit(code)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(1))
  process.on('disconnect', () => void stop(1))
  process.once('message', (job: Job) => {
    run(job, (text) => say({ state: 'running', progress: text })).then(
      async (answer) => {
        await close()
        say({ state: 'done', answer })
        process.disconnect()
      },
      async (error: unknown) => {
        say({ state: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
        await stop(1)
      },
    )
  })
}

function say(message: JobMessage): void {
  if (process.connected) process.send?.(message)
}
