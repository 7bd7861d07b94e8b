/** What is measured in a process of its own: what each job is told, and what it answers. */
import type { Figures } from '../report.ts'
import type { Tier } from '../tier.ts'

/** Import so many made-up turns into a new directory. */
export interface ImportJob {
  readonly kind: 'import'
  readonly tier: Tier
  readonly dataDir: string
  readonly turns: number
  readonly seed: number
}

export interface Imported {
  readonly itemsPerSecond: number
  /** Some of the scopes, of about fifty turns each. */
  readonly scopeIds: readonly string[]
  /** Each asks for something that was said, no two alike. */
  readonly questions: readonly string[]
}

/** Open a directory that an import has filled, and time calls on it. */
export interface MeasureJob {
  readonly kind: 'measure'
  readonly tier: Tier
  readonly dataDir: string
  readonly rounds: number
  readonly seed: number
  readonly scopeIds: readonly string[]
  readonly questions: readonly string[]
}

/** Open a directory and time it, the first answered call included. */
export interface StartJob {
  readonly kind: 'start'
  readonly tier: Tier
  readonly dataDir: string
}

export type Job = ImportJob | MeasureJob | StartJob

/** Answers by kind of job. */
export interface Answers {
  readonly import: Imported
  readonly measure: Figures
  readonly start: { readonly openedMs: number }
}
