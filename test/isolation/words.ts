/**
 * The words by which a text shows where it comes from.
 *
 * Every text in the world carries two, both of one place (a region of a tenant, or a list of its administrators): the
 * bait, which probes search for and send, and the secret, which no request ever holds. A secret in an answer was read.
 */
import { createHash } from 'node:crypto'

export interface Words {
  readonly bait: string
  readonly secret: string
}

export function wordsOf(tenantNumber: number, place: string): Words {
  const hash = createHash('sha256').update(`${tenantNumber} ${place}`).digest('hex')
  return { bait: `bait${hash.slice(0, 12)}`, secret: `zx${hash.slice(12, 28)}` }
}

/** A sentence that carries both, and words that all of them share. */
export function textOf({ bait, secret }: Words, about: string): string {
  return `The ${about} of the harbour: ${bait} and ${secret}.`
}

/** The secrets in a text. */
export function secretsIn(text: string): ReadonlySet<string> {
  return new Set(text.match(/zx[0-9a-f]{16}/g))
}
