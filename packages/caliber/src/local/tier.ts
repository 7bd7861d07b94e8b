import type { Database } from '../db/sql.ts'

/** The kinds of database: embedded PGlite, the bundled Postgres server, or a server of yours. */
export type Tier = Database['tier']
