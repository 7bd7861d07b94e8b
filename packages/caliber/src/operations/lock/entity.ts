import { z } from 'zod'
import { CaliberError } from '../../domain/errors.ts'
import { limits } from '../../domain/limits.ts'
import { id, text } from '../schema.ts'

/** The resource that a region's write rule asks for. */
export const wholeRegion = '*'

export const resource = text(limits.lockResourceChars)
  .default(wholeRegion)
  .describe('What is locked; * is the lock that writes into the region need.')

export const ttlMs = z
  .int()
  .min(1)
  .max(limits.lockTtlMs)
  .default(limits.defaultLockTtlMs)
  .describe('How long the lease lasts by the clock of the database, unless it is extended.')

export const modes = ['exclusive', 'shared'] as const

export const lease = z.strictObject({
  regionId: id('region'),
  resource: z.string(),
  mode: z.enum(modes),
  holderId: id('principal'),
  fence: z.int().describe('Grows with every lease of this lock. Send it with writes, as <regionId>:<fence>.'),
  until: z.string(),
})

/** One lease of the caller's, as it was acquired. */
export const held = { regionId: id('region'), resource, fence: z.int().min(1).describe('The fence of the lease.') }

export function lapsed(regionId: string, resource: string, fence: number): CaliberError {
  return new CaliberError(
    'fence_stale',
    `The lease ${fence} of ${resource} in region ${regionId} is not yours or has ended. Stop the work it protects and acquire the lock again.`,
    { regionId, resource, fence },
  )
}
