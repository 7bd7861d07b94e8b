/**
 * A memory in a new directory, with only some of its walls standing.
 *
 * The product opens no database whose walls are not the ones that were built, so it is put together here from parts
 * that the package does not export; they come from its build.
 */
import type { Client } from '@caliber/client'
import { clientOver } from '@caliber/client'
import type * as claimKey from '../../../packages/caliber/src/db/claimKey.ts'
import type * as migrating from '../../../packages/caliber/src/db/migrate.ts'
import type * as cluster from '../../../packages/caliber/src/db/native/cluster.ts'
import type * as pglite from '../../../packages/caliber/src/db/pglite/open.ts'
import type * as postgres from '../../../packages/caliber/src/db/postgres.ts'
import type * as session from '../../../packages/caliber/src/db/session.ts'
import type * as port from '../../../packages/caliber/src/db/sql.ts'
import type * as apiKey from '../../../packages/caliber/src/domain/apiKey.ts'
import type * as principals from '../../../packages/caliber/src/domain/principal.ts'
import type * as credential from '../../../packages/caliber/src/local/credential.ts'
import type * as runtimes from '../../../packages/caliber/src/local/runtime.ts'
import type * as bootstrap from '../../../packages/caliber/src/operations/tenant/bootstrap.ts'
import type { Tier } from '../tier.ts'
import { takeDownAllBut, type Wall } from './walls.ts'

const built = new URL('.', import.meta.resolve('caliber'))
const load = async <Module>(file: string): Promise<Module> => import(new URL(file, built).href)
const { installClaimKey, newClaimKey } = await load<typeof claimKey>('db/claimKey.js')
const { migrate } = await load<typeof migrating>('db/migrate.js')
const { openSessions } = await load<typeof session>('db/session.js')
const { readKey } = await load<typeof apiKey>('domain/apiKey.js')
const { tenantRights } = await load<typeof principals>('domain/principal.js')
const { newCredential } = await load<typeof credential>('local/credential.js')
const { createRuntime } = await load<typeof runtimes>('local/runtime.js')
const { bootstrapTenant } = await load<typeof bootstrap>('operations/tenant/bootstrap.js')

export interface Walled {
  readonly client: Client
  close(): Promise<void>
}

/** @param dataDir a directory that is not there yet */
export async function openWalled(tier: Tier, dataDir: string, standing: readonly Wall[]): Promise<Walled> {
  const { admin, database, close } = await opening[tier](dataDir)
  const key = newClaimKey()
  await migrate(admin)
  await installClaimKey(admin, key)
  if (tier === 'native') await admin.script('grant caliber_app to caliber_login')
  await admin.script(takeDownAllBut(standing))

  const sessions = openSessions(database, key)
  const made = await newCredential()
  const parts = readKey(made.key)
  if (!parts) throw new Error('A new key cannot be read.')
  await bootstrapTenant(sessions, { ...parts, principalId: made.principalId, name: 'bench' })
  const principal = { tenantId: parts.tenantId, principalId: made.principalId, rights: tenantRights }
  const runtime = await createRuntime(sessions)
  return {
    client: clientOver({
      call: (operation, input, options) => runtime.dispatch({ operation, input, principal, ...options }),
    }),
    async close() {
      await runtime.close()
      await close()
    },
  }
}

interface Opened {
  /** May change the schema. */
  readonly admin: port.Database
  /** Serves, as the product does on this tier. */
  readonly database: port.Database
  close(): Promise<void>
}

const opening: Readonly<Record<Tier, (dataDir: string) => Promise<Opened>>> = {
  async embedded(dataDir) {
    const { openPglite } = await load<typeof pglite>('db/pglite/open.js')
    const snapshotFile = new URL('../snapshot/cluster.tar.gz', built).pathname
    const database = await openPglite({ dataDir, snapshotFile })
    return { admin: database, database, close: () => database.close() }
  },
  async native(dataDir) {
    const { startCluster } = await load<typeof cluster>('db/native/cluster.js')
    const { openPostgres } = await load<typeof postgres>('db/postgres.js')
    const { adminUrl, appUrl, stop } = await startCluster({ dataDir })
    const admin = openPostgres({ url: adminUrl, tier: 'native', poolSize: 1 })
    const database = openPostgres({ url: appUrl('postgres'), tier: 'native' })
    return {
      admin,
      database,
      async close() {
        await database.close()
        await admin.close()
        await stop()
      },
    }
  },
}
