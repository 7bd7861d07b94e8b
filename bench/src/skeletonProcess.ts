/**
 * The process of one job: it is told the job, answers, and ends.
 *
 * Asked to stop (Ctrl-C, or the other process gone), it closes its memory first, so that no database server stays behind.
 */
import { type Caliber, openCaliber } from 'caliber'
import { importTurns } from './skeleton/importTurns.ts'
import type { Job, JobMessage, Tier } from './skeleton/jobs.ts'
import { measureMemory } from './skeleton/measureMemory.ts'

let opened: Promise<Caliber> | undefined

const say = (message: JobMessage): void => {
  if (process.connected) process.send?.(message)
}
const progress = (text: string): void => say({ state: 'running', progress: text })

function open(tier: Tier, dataDir: string): Promise<Caliber> {
  opened = openCaliber({ tier, dataDir })
  return opened
}

async function run(job: Job): Promise<unknown> {
  const started = performance.now()
  const caliber = await open(job.tier, job.dataDir)
  switch (job.kind) {
    case 'import':
      return importTurns(caliber, job, progress)
    case 'measure':
      return measureMemory(caliber, job, progress)
    case 'start':
      await caliber.memory.search({ query: 'anything' })
      return { openedMs: performance.now() - started }
  }
}

async function stop(code: number): Promise<never> {
  await opened?.then((caliber) => caliber.close()).catch(() => undefined)
  process.exit(code)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(1))
process.on('disconnect', () => void stop(1))
process.once('message', (job: Job) => {
  run(job).then(
    async (answer) => {
      await opened?.then((caliber) => caliber.close())
      say({ state: 'done', answer })
      process.disconnect()
    },
    async (error: unknown) => {
      say({ state: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
      await stop(1)
    },
  )
})
