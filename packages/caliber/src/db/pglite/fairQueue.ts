/** First come, first served: one job at a time, with a bounded line of waiters. */
import { CaliberError } from '../../domain/errors.ts'

export interface FairQueue {
  /** Wait for the turn, then run. @throws CaliberError `unavailable` when the line is full or the queue closes first */
  run<T>(job: () => Promise<T>): Promise<T>
  /** Refuse everything from now on; resolves when the job under way has ended. */
  close(): Promise<void>
}

/** @param maxWaiting jobs in line beyond which new ones are refused */
export function fairQueue(maxWaiting: number): FairQueue {
  let tail: Promise<unknown> = Promise.resolve()
  let waiting = 0
  let closed = false

  return {
    async run(job) {
      if (closed) throw closedError()
      if (waiting >= maxWaiting) {
        throw new CaliberError(
          'unavailable',
          `${waiting} transactions wait already. Send the request again in a moment.`,
          {
            waiting,
          },
        )
      }
      waiting += 1
      const turn = tail.then(() => {
        waiting -= 1
        if (closed) throw closedError()
        return job()
      })
      tail = turn.catch(() => {})
      return turn
    },

    async close() {
      closed = true
      await tail
    },
  }
}

/** What every call after `close` is told. */
export function closedError(): CaliberError {
  return new CaliberError('unavailable', 'The database is closed. Open it again.')
}
