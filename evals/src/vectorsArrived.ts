import { setTimeout } from 'node:timers/promises'
import type { Caliber } from 'caliber'

/** Wait until every item has its vector. @param query one that the model knows */
export async function vectorsArrived(caliber: Caliber, query: string): Promise<void> {
  for (let looks = 0; looks < 3_000; looks += 1) {
    const { semantic } = await caliber.memory.search({ query, limit: 1 })
    if (semantic === 'full') return
    await setTimeout(20)
  }
  throw new Error('The vectors did not arrive.')
}
