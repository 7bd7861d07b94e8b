/** Read an answer of the server, or the error it carries. */
import { CaliberError } from './errors.ts'

/** @throws CaliberError as the server sent it, or `unavailable` when something in between answered */
export async function readAnswer(response: Response): Promise<unknown> {
  const text = await response.text()
  const answer = parsed(text)
  if (response.ok && answer !== undefined) return answer.value
  throw readError(response, answer?.value)
}

function readError(response: Response, answer: unknown): CaliberError {
  const error = isObject(answer) ? answer['error'] : undefined
  const requestId = response.headers.get('x-request-id') ?? undefined
  if (isObject(error) && typeof error['code'] === 'string' && typeof error['message'] === 'string') {
    const { code, message, detail, retryable } = error
    return new CaliberError(String(code), String(message), {
      detail: isObject(detail) ? detail : {},
      retryable: retryable === true,
      requestId,
    })
  }
  return new CaliberError(
    'unavailable',
    `The server answered ${response.status} and no JSON of Caliber's. Check the URL and what stands in between.`,
    { detail: { status: response.status }, retryable: passing.has(response.status), requestId },
  )
}

/** What proxies answer while the server behind them is away. */
const passing: ReadonlySet<number> = new Set([429, 502, 503, 504])

function parsed(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
