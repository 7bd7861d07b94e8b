/** Where a directory is served, as its owner published it. */
import { readOwner } from '../../db/directory/owner.ts'

/** Say who owns a directory and, if it serves HTTP, where. */
export async function whoServes(
  directory: string,
): Promise<{ readonly sentence: string; readonly detail: Record<string, unknown> }> {
  const owner = await readOwner(directory)
  if (!owner) return { sentence: `${directory} is in use by another process.`, detail: { directory } }
  const url = owner.published['url']
  const who = `${directory} is in use by process ${owner.pid} on ${owner.host} since ${owner.startedAt}`
  return {
    sentence: url === undefined ? `${who}, which serves no HTTP.` : `${who}, which serves ${url}.`,
    detail: { directory, pid: owner.pid, host: owner.host, startedAt: owner.startedAt, url: url ?? null },
  }
}
