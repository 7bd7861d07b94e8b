import { CaliberError } from '../domain/errors.ts'

/**
 * Stop asking a provider that keeps failing, and try it again with one request after a while.
 *
 * Closed, it lets everything through. After `failures` in a row it refuses for `coolDownMs`; then one request may try:
 * its success closes the circuit, its failure opens it for another while.
 */
export class CircuitBreaker {
  readonly #failures: number
  readonly #coolDownMs: number
  readonly #now: () => number
  #failedInARow = 0
  #openUntilMs = Number.NEGATIVE_INFINITY
  #isTrying = false

  constructor(options: { readonly failures: number; readonly coolDownMs: number; now(): number }) {
    this.#failures = options.failures
    this.#coolDownMs = options.coolDownMs
    this.#now = options.now
  }

  /**
   * Run a request unless the circuit is open.
   *
   * @param isFault whether an error speaks against the provider; others leave the count alone
   * @throws CaliberError `unavailable` at once while it is open
   */
  async run<T>(request: () => Promise<T>, isFault: (error: unknown) => boolean): Promise<T> {
    const mustTry = this.#failedInARow >= this.#failures
    if (mustTry && (this.#isTrying || this.#now() < this.#openUntilMs)) {
      const retryAfterMs = Math.max(0, this.#openUntilMs - this.#now())
      throw new CaliberError('unavailable', 'The model failed repeatedly and is left alone for a while.', {
        retryAfterMs,
      })
    }
    this.#isTrying = mustTry
    try {
      const answer = await request()
      this.#failedInARow = 0
      return answer
    } catch (error) {
      if (isFault(error)) {
        this.#failedInARow += 1
        this.#openUntilMs = this.#now() + this.#coolDownMs
      }
      throw error
    } finally {
      if (mustTry) this.#isTrying = false
    }
  }
}
