import { CaliberError as ClientError, httpTransport, type Transport } from '@caliber/client'
import { CaliberError, isErrorCode } from '../domain/errors.ts'

/** The client's HTTP transport, whose errors are ours: the same class whether we own a memory or call one. */
export function remoteTransport(options: Parameters<typeof httpTransport>[0]): Transport {
  const http = httpTransport(options)
  return {
    call: (operation, input, callOptions) =>
      http.call(operation, input, callOptions).catch((error: unknown) => rethrow(error)),
  }
}

function rethrow(error: unknown): never {
  if (error instanceof ClientError && isErrorCode(error.code)) {
    throw new CaliberError(error.code, error.message, { ...error.detail })
  }
  throw error
}
