/** An embedded database of its own with pgvector, in memory: what the test bed of native servers does not have. */
import { fileURLToPath } from 'node:url'
import { installClaimKey, newClaimKey } from '../../db/claimKey.ts'
import { openPglite } from '../../db/pglite/open.ts'
import { openSessions, type Sessions } from '../../db/session.ts'
import type { Database } from '../../db/sql.ts'
import { installVectorExtension } from '../../db/vectorExtension.ts'

const snapshotFile = fileURLToPath(new URL('../../../snapshot/cluster.tar.gz', import.meta.url))

export interface Embedded {
  /** As the superuser underneath, to look behind the walls. */
  readonly database: Database
  readonly sessions: Sessions
}

export async function embeddedWithVectors(): Promise<Embedded> {
  const database = await openPglite({ snapshotFile })
  await installVectorExtension(database)
  const key = newClaimKey()
  await installClaimKey(database, key)
  return { database, sessions: openSessions(database, key) }
}
