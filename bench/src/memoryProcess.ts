/** The process of one job of `memory.ts`: it opens a filled directory, does what the job says, and closes it. */
import { type Caliber, openCaliber } from 'caliber'
import { answerJob } from './job/answerJob.ts'
import type { SizeJob } from './memory/jobs.ts'
import { budgetTokens, measureWarm } from './memory/measureWarm.ts'

let opened: Promise<Caliber> | undefined

answerJob<SizeJob>(run, async () => (await opened)?.close())

async function run(job: SizeJob, progress: (text: string) => void): Promise<unknown> {
  const started = performance.now()
  opened = openCaliber({ tier: job.tier, dataDir: job.dataDir })
  const caliber = await opened
  if (job.kind === 'warm') return measureWarm(caliber, job, progress)
  await caliber.context.assemble({ scopeId: job.scopeId, query: job.question, budgetTokens })
  return { coldMs: performance.now() - started }
}
