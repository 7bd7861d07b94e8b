/** One call of a model of the AI SDK, whose provider has its own retries and time limits. */
import { CaliberError } from '../domain/errors.ts'
import { isRefusalStatus } from './refusal.ts'

/**
 * Leave when the caller does, whether or not the provider heeds the signal.
 *
 * @param model what errors call it, such as `embedding model small`
 * @throws CaliberError `unavailable`; `invalid_input` where the model refused what it was given
 */
export async function callAiSdk<T>(signal: AbortSignal, model: string, call: () => PromiseLike<T>): Promise<T> {
  const cancelled = () => new CaliberError('unavailable', `The request to the ${model} was cancelled.`)
  if (signal.aborted) throw cancelled()
  let leave = () => {}
  const aborted = new Promise<never>((_, reject) => {
    leave = () => reject(cancelled())
    signal.addEventListener('abort', leave)
  })
  try {
    return await Promise.race([call(), aborted])
  } catch (error) {
    throw error instanceof CaliberError ? error : failed(error, model)
  } finally {
    signal.removeEventListener('abort', leave)
  }
}

/** What a provider throws may quote the request, so only its status is passed on. */
function failed(error: unknown, model: string): CaliberError {
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : undefined
  const said = status === undefined ? 'failed' : `answered with status ${status}`
  return new CaliberError(isRefusalStatus(status) ? 'invalid_input' : 'unavailable', `The ${model} ${said}.`)
}
