/** The window for a request over a tenant's memory: candidates, assembly, and the name by which it can be explained. */
import { createHash } from 'node:crypto'
import { assembleWindow } from '../../domain/context/assemble.ts'
import type { KeptWindow, WindowRequest } from '../../domain/context/window.ts'
import type { RegionId } from '../../domain/ids.ts'
import type { MemoryView } from '../memoryView.ts'
import { candidatesFor } from './sectionSources.ts'

interface Instruments {
  readonly tokenizer: string
  countTokens(text: string): number
  readonly at: Date
  /** The vector of what is searched for. */
  readonly vector: Float32Array | undefined
}

/**
 * Assemble a window. Equal memory, vectors, request and validity give an equal window with an equal id: the id is the SHA-256
 * of everything in it but the clock.
 *
 * @returns the window, and the regions of its candidates
 * @throws CaliberError `budget_too_small`, `not_found`
 */
export function contextWindow(
  request: WindowRequest,
  memory: MemoryView,
  { tokenizer, countTokens, at, vector }: Instruments,
): { readonly window: KeptWindow; readonly regions: ReadonlySet<RegionId> } {
  const candidates = candidatesFor({ request, memory, vector, nowMs: at.getTime() })
  const window = assembleWindow(request, {
    candidates,
    eventSeq: memory.seq,
    at: at.toISOString(),
    tokenizer,
    semantic: memory.coverage && {
      coverage: vector === undefined ? 'off' : memory.coverage,
      vectors: memory.vectorDigest,
    },
    countTokens,
  })
  const named = { ...window, receipt: { ...window.receipt, at: null } }
  const windowId = createHash('sha256').update(JSON.stringify(named)).digest('hex')
  return { window: { windowId, ...window }, regions: new Set(candidates.map(({ item }) => item.regionId)) }
}
