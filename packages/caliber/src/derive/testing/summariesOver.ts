import type { TenantId } from '../../domain/ids.ts'
import { extractiveSummariser } from '../../models/extractiveSummariser.ts'
import type { Tokenizer } from '../../models/tokenizer.ts'
import { SummaryGraph } from '../summaries/summaryGraph.ts'
import type { TenantMemory } from '../tenantMemory.ts'

/** Summaries over a memory without a database: made here, at no cost, and kept nowhere. */
export function summariesOver(tenantId: TenantId, memory: TenantMemory, tokenizer: Tokenizer): SummaryGraph {
  const obtain = () => Promise.reject(new TypeError('Nothing is kept of what is made here.'))
  return new SummaryGraph(tenantId, memory, {
    summariser: extractiveSummariser(tokenizer.count),
    derivations: { obtain, find: obtain },
    meter: { ask: async (_, { ask }) => ({ answer: await ask(() => undefined), use: undefined }) },
    tokenizer,
    now: () => new Date(0),
  })
}
