/** What clients saw of a concurrent object: who asked what, when, and what came back. */

/** One call of a history. Times are of one clock that all processes share; their unit is the caller's affair. */
export interface Operation<Input, Output> {
  /** A process has one call open at a time; the checker does not rely on it. */
  readonly process: number
  readonly input: Input
  /** Undefined when nobody knows what came back. */
  readonly output: Output | undefined
  readonly calledAt: number
  /** Infinity when no answer came: the call may take effect at any later moment, or never. */
  readonly returnedAt: number
}

export type History<Input, Output> = readonly Operation<Input, Output>[]
