/** What is measured in a process of its own on a directory that an import has filled: what each job is told, and what it answers. */
import type { Figures } from '../report.ts'
import type { Tier } from '../tier.ts'

/** Open the directory and assemble one context. */
export interface ColdJob {
  readonly kind: 'cold'
  readonly tier: Tier
  readonly dataDir: string
  readonly scopeId: string
  readonly question: string
}

/** Open the directory, have the memory built, and time calls on it. */
export interface WarmJob {
  readonly kind: 'warm'
  readonly tier: Tier
  readonly dataDir: string
  readonly items: number
  readonly rounds: number
  readonly scopeIds: readonly string[]
  readonly questions: readonly string[]
}

export type SizeJob = ColdJob | WarmJob

/** Answers by kind of job. */
export interface SizeAnswers {
  readonly cold: { readonly coldMs: number }
  readonly warm: Figures
}
