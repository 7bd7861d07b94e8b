/** The process of one job of `walls.ts`: a database of its own, with some walls taken down, and the times of its operations. */
import { answerJob } from './job/answerJob.ts'
import type { WallsJob } from './walls/jobs.ts'
import { measureOperations } from './walls/measureOperations.ts'
import { openWalled, type Walled } from './walls/openWalled.ts'

let opened: Promise<Walled> | undefined

answerJob<WallsJob>(
  async (job, progress) => {
    opened = openWalled(job.tier, job.dataDir, job.standing)
    return measureOperations((await opened).client, job.region, progress)
  },
  async () => (await opened)?.close(),
)
