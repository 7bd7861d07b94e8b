/** The process of one job of `skeleton.ts`: it opens a memory, does what the job says, and closes it. */
import { type Caliber, openCaliber } from 'caliber'
import { answerJob } from './job/answerJob.ts'
import { importTurns } from './skeleton/importTurns.ts'
import type { Job } from './skeleton/jobs.ts'
import { measureMemory } from './skeleton/measureMemory.ts'

let opened: Promise<Caliber> | undefined

answerJob<Job>(run, async () => (await opened)?.close())

async function run(job: Job, progress: (text: string) => void): Promise<unknown> {
  const started = performance.now()
  opened = openCaliber({ tier: job.tier, dataDir: job.dataDir })
  const caliber = await opened
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
