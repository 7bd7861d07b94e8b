/** The window for a request over a tenant's memory: candidates, assembly, and the name by which it can be explained. */
import { createHash } from 'node:crypto'
import { assembleWindow } from '../../domain/context/assemble.ts'
import type { KeptWindow, WindowRequest } from '../../domain/context/window.ts'
import type { TenantMemory } from '../tenantMemory.ts'
import { candidatesFor } from './sectionSources.ts'

interface Instruments {
  readonly tokenizer: string
  countTokens(text: string): number
  readonly at: Date
}

/**
 * Assemble a window. Equal memory, request and validity give an equal window with an equal id: the id is the SHA-256
 * of everything in it but the clock.
 *
 * @throws CaliberError `budget_too_small`, `not_found`
 */
export function contextWindow(
  request: WindowRequest,
  memory: TenantMemory,
  { tokenizer, countTokens, at }: Instruments,
): KeptWindow {
  const window = assembleWindow(request, {
    candidates: candidatesFor({ request, memory, nowMs: at.getTime() }),
    eventSeq: memory.seq,
    at: at.toISOString(),
    tokenizer,
    countTokens,
  })
  const named = { ...window, receipt: { ...window.receipt, at: null } }
  return { windowId: createHash('sha256').update(JSON.stringify(named)).digest('hex'), ...window }
}
