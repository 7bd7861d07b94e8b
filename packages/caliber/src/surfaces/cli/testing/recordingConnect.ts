import type { CallOptions } from '@caliber/client'
import type { Connect } from '../connection.ts'
import type { Globals } from '../globalOptions.ts'

export interface RecordedCall {
  readonly operation: string
  readonly input: unknown
  readonly options: CallOptions | undefined
}

/** A memory that answers what it is told to and keeps what it was asked. */
export function recordingConnect(answer: (operation: string, input: unknown) => unknown = () => ({})): {
  readonly connect: Connect
  readonly calls: readonly RecordedCall[]
  readonly opened: readonly Globals[]
  readonly closed: () => number
} {
  const calls: RecordedCall[] = []
  const opened: Globals[] = []
  let closed = 0
  const connect: Connect = async (globals) => {
    opened.push(globals)
    return {
      transport: {
        async call(operation, input, options) {
          calls.push({ operation, input, options })
          return answer(operation, input)
        },
      },
      close: async () => void (closed += 1),
    }
  }
  return { connect, calls, opened, closed: () => closed }
}
