/** A model refuses what it was given: that says nothing about the model, nor about what it is given next. */
import { CaliberError } from '../domain/errors.ts'

export function isRefusal(error: unknown): error is CaliberError {
  return error instanceof CaliberError && error.code === 'invalid_input'
}

/** Whether a server says so: the request is wrong, too large, or cannot be processed. */
export function isRefusalStatus(status: number | undefined): boolean {
  return status === 400 || status === 413 || status === 422
}
