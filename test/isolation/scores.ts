/** Whether documents that a viewer may not read change the scores of those that it may. */
import type { Principal } from './product.ts'
import type { Site } from './site.ts'
import type { World } from './world.ts'

export interface Influence {
  /** By how much the score of an own document changed, as a share of it, when others wrote the word it was found by. */
  readonly ofTenants: number
  readonly ofRegions: number
}

const word = 'quetzalcoatl'
const writings = 5

export async function measureInfluence({ runtime }: Site, { tenants }: World): Promise<Influence> {
  const [own, foreign] = tenants
  if (!own || !foreign) throw new Error('A world has several tenants.')
  const { stranger, owner } = own.people
  const write = (principal: Principal, regionId: string) =>
    runtime.dispatch({ operation: 'note.record', input: { subject: 'a bird', content: word, regionId }, principal })
  const score = async () => {
    const found = await runtime.dispatch({ operation: 'memory.search', input: { query: word }, principal: stranger })
    return (found as { items: readonly { score: number }[] }).items[0]?.score ?? Number.NaN
  }
  await write(stranger, own.regions.common)
  const alone = await score()
  for (let i = 0; i < writings; i += 1) await write(foreign.people.owner, foreign.regions.common)
  const besideTenants = await score()
  for (let i = 0; i < writings; i += 1) await write(owner, own.regions.private)
  const besideRegions = await score()
  return { ofTenants: Math.abs(besideTenants / alone - 1), ofRegions: Math.abs(besideRegions / alone - 1) }
}
