import type { Client } from '@caliber/client'
import { median, timedMs } from '../timing.ts'
import type { Timed, WallsJob } from './jobs.ts'

/** Enough that plans are cached, code is compiled, and a page of the list is full. */
const warmUps = 50
const samples = 200
const content =
  'The release goes out on Thursdays after the integration tests have passed on both databases; whoever is on call ' +
  'that week signs it off and writes the announcement.'
const leaseMs = 300_000

/** Time writes and reads of notes in a region. */
export async function measureOperations(
  client: Client,
  region: WallsJob['region'],
  progress: (text: string) => void,
): Promise<Timed> {
  const place = region === 'locked' ? await lockedRegion(client) : undefined
  const noteIds: string[] = []
  const record = async () => {
    const { noteId } = await client.note.record(
      { subject: 'releases', content, regionId: place?.regionId },
      { fences: place?.fences },
    )
    noteIds.push(noteId)
  }
  let asked = 0
  const get = () => client.note.get({ noteId: noteIds[asked++ % noteIds.length] ?? '' })
  const list = () => client.note.list({ limit: 10 })

  progress('writing')
  const write = await warmMedian(record)
  progress('reading')
  return { write, get: await warmMedian(get), list: await warmMedian(list) }
}

/** A region that may only be written under its lock, and the lease that lets us. */
async function lockedRegion(client: Client): Promise<{ regionId: string; fences: readonly string[] }> {
  const { regionId } = await client.region.create({ name: 'bench', kind: 'collaborative', writeRule: 'lock' })
  const { leases } = await client.lock.acquire({ locks: [{ regionId }], ttlMs: leaseMs })
  return { regionId, fences: leases.map(({ fence }) => `${regionId}:${fence}`) }
}

async function warmMedian(call: () => Promise<unknown>): Promise<number> {
  for (let i = 0; i < warmUps; i += 1) await call()
  const times: number[] = []
  for (let i = 0; i < samples; i += 1) times.push(await timedMs(call))
  return median(times)
}
