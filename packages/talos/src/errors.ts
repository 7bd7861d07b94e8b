/** Every failure a caller can act on. The string is an interface: add, never rename (pinned in errors.test.ts). */
export type TalosErrorCode =
  | 'cycle'
  | 'write_in_derived'
  | 'effect_in_derived'
  | 'runaway_effect'
  | 'not_writable'
  | 'disposed'
  | 'foreign_node'
  | 'duplicate_key'
  | 'duplicate_id'
  | 'unknown_id'
  | 'invalid_argument'
  | 'pinned_derived'
  | 'read_only'
  | 'superseded'
  | 'not_serialisable'
  | 'corrupt_store'
  | 'foreign_store'
  | 'unsafe_path'
  | 'worker_failed'
  | 'reserved'

/**
 * The only error class this package throws on its own behalf; user errors pass through untouched.
 *
 * `message` is written for the person reading the terminal: what happened, to which node, what to do.
 */
export class TalosError extends Error {
  override readonly name: string = 'TalosError'
  readonly code: TalosErrorCode
  /** Facts for programs. Never a node's value: values may be secret. */
  readonly detail: Readonly<Record<string, unknown>>

  constructor(code: TalosErrorCode, message: string, detail: Record<string, unknown> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.detail = detail
  }
}

/** A derived value that needs itself. `path` starts and ends with the same label. */
export class CycleError extends TalosError {
  override readonly name = 'CycleError'
  readonly path: readonly string[]

  constructor(path: readonly string[]) {
    super('cycle', `Cycle: ${path.join(' -> ')}. Break it, or give one node the cycle option.`, { path })
    this.path = path
  }
}

/** True for errors that describe the evaluation rather than the value, and are therefore never cached (SPEC E4). */
export function isTransient(error: unknown): boolean {
  if (error instanceof TalosError)
    return error.code === 'cycle' || error.code === 'disposed' || error.code === 'superseded'
  if (error instanceof RangeError) return error.message.includes('call stack')
  return error instanceof Error && error.name === 'AbortError'
}
