/**
 * Every failure that a caller can act on, in one table: what it means, whether to retry, and what each surface makes of it.
 *
 * The code is wire format: add, never rename (pinned in errors.test.ts). Surfaces read their column; the error
 * reference in docs is generated from here.
 */
export const errorTable = {
  invalid_input: {
    http: 400,
    exit: 2,
    retryable: false,
    meaning: 'The input does not fit the schema of the operation.',
  },
  unauthenticated: { http: 401, exit: 4, retryable: false, meaning: 'No valid credential came with the request.' },
  forbidden: { http: 403, exit: 4, retryable: false, meaning: 'The credential lacks the right this operation needs.' },
  not_found: { http: 404, exit: 5, retryable: false, meaning: 'Nothing with that id exists for this tenant.' },
  unknown_operation: { http: 404, exit: 2, retryable: false, meaning: 'No operation has that name or path.' },
  illegal_state: { http: 409, exit: 6, retryable: false, meaning: 'The current state does not allow this change.' },
  version_conflict: { http: 409, exit: 6, retryable: false, meaning: 'The row changed since the version you read.' },
  conflict: {
    http: 409,
    exit: 6,
    retryable: false,
    meaning: 'The change contradicts something that is already stored.',
  },
  lock_held: { http: 409, exit: 6, retryable: true, meaning: 'Somebody else holds the lock.' },
  fence_stale: {
    http: 409,
    exit: 6,
    retryable: false,
    meaning: "The write needs the fence of the region's current lock, held by the writer.",
  },
  idempotency_mismatch: {
    http: 422,
    exit: 6,
    retryable: false,
    meaning: 'The idempotency key was used for a different request.',
  },
  budget_too_small: {
    http: 422,
    exit: 7,
    retryable: false,
    meaning: 'Required content alone exceeds the token budget.',
  },
  too_large: { http: 413, exit: 2, retryable: false, meaning: 'The request is larger than the stated limit.' },
  quota_exceeded: { http: 429, exit: 9, retryable: false, meaning: 'The tenant has reached a limit.' },
  integrity: { http: 500, exit: 8, retryable: false, meaning: 'Stored content does not match its digest.' },
  timeout: {
    http: 503,
    exit: 9,
    retryable: true,
    meaning: 'The work took longer than its time limit and was stopped.',
  },
  unavailable: { http: 503, exit: 9, retryable: true, meaning: 'The database or server cannot answer now.' },
  storage_full: { http: 507, exit: 9, retryable: true, meaning: 'The disk is full; reads continue.' },
  internal: {
    http: 500,
    exit: 1,
    retryable: false,
    meaning: 'A defect in Caliber. The request id finds it in the log.',
  },
} as const satisfies Record<string, ErrorRow>

interface ErrorRow {
  /** HTTP status. */
  readonly http: number
  /** Exit code of the command line. */
  readonly exit: number
  /** Worth repeating unchanged. */
  readonly retryable: boolean
  readonly meaning: string
}

export type ErrorCode = keyof typeof errorTable

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorTable, code)
}

/**
 * The only error class that leaves this package.
 *
 * `message` is printed as is, so write it for the person at the terminal: what happened, to which id, what to do.
 */
export class CaliberError extends Error {
  override readonly name = 'CaliberError'
  readonly code: ErrorCode
  /** Facts for programs (ids, limits). JSON-serialisable; never secrets or other tenants' ids. */
  readonly detail: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, detail: Record<string, unknown> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.detail = detail
  }

  get retryable(): boolean {
    return errorTable[this.code].retryable
  }
}
