import { expect } from 'vitest'
import { CaliberError } from '../../domain/errors.ts'
import type { TokenVerifier } from '../tokenVerifier.ts'

export async function refusalOf(judge: TokenVerifier, token: string): Promise<CaliberError> {
  const outcome = await judge(token).catch((error: unknown) => error)
  if (outcome instanceof CaliberError) return outcome
  throw new Error(`not refused: ${JSON.stringify(outcome)}`)
}

export async function expectRefused(judge: TokenVerifier, token: string): Promise<void> {
  expect((await refusalOf(judge, token)).code).toBe('unauthenticated')
}
