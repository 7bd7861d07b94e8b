import type { Database } from '../db/sql.ts'

/** The kinds of database: embedded PGlite, the bundled Postgres server, or a server of yours. */
export const tiers = ['embedded', 'native', 'server'] as const satisfies readonly Database['tier'][]
export type Tier = (typeof tiers)[number]

export function isTier(text: string): text is Tier {
  return tiers.some((tier) => tier === text)
}
