import type { ErrorCode } from './generated/types.ts'

/** A code this client knows, or one that a newer server has added. The intersection keeps completion working. */
export type AnyErrorCode = ErrorCode | (string & Record<never, never>)

export interface CaliberErrorFacts {
  /** Facts for programs, such as ids and limits. */
  readonly detail?: Readonly<Record<string, unknown>>
  /** Worth repeating unchanged. */
  readonly retryable?: boolean
  readonly requestId?: string | undefined
  readonly cause?: unknown
}

/** What went wrong, on the server or on the way to it. Decide by `code`; show `message` to people. */
export class CaliberError extends Error {
  override readonly name = 'CaliberError'
  readonly code: AnyErrorCode
  /** Facts for programs, such as ids and limits. */
  readonly detail: Readonly<Record<string, unknown>>
  /** Worth repeating unchanged. */
  readonly retryable: boolean
  /** Finds the request in the log of the server; undefined where none was reached. */
  readonly requestId: string | undefined

  constructor(code: AnyErrorCode, message: string, facts: CaliberErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = code
    this.detail = facts.detail ?? {}
    this.retryable = facts.retryable ?? false
    this.requestId = facts.requestId
  }
}
