/**
 * The parts of the built product that locks are made of. Its entry does not export them, and the program that uses them
 * is compiled to another depth than it is written at, so they are found from the entry.
 */
import type * as claimKey from '../../packages/caliber/dist/db/claimKey.js'
import type * as eventLog from '../../packages/caliber/dist/db/eventLog.js'
import type * as migrations from '../../packages/caliber/dist/db/migrate.js'
import type * as cluster from '../../packages/caliber/dist/db/native/cluster.js'
import type * as postgres from '../../packages/caliber/dist/db/postgres.js'
import type * as session from '../../packages/caliber/dist/db/session.js'
import type * as apiKey from '../../packages/caliber/dist/domain/apiKey.js'
import type * as credential from '../../packages/caliber/dist/local/credential.js'
import type * as runtime from '../../packages/caliber/dist/local/runtime.js'
import type * as bootstrap from '../../packages/caliber/dist/operations/tenant/bootstrap.js'

export type { Claims, Sessions } from '../../packages/caliber/dist/db/session.js'
export type { Dispatch } from '../../packages/caliber/dist/operations/dispatch.js'

export const { claimKeyOf, installClaimKey, newClaimKey } = await built<typeof claimKey>('db/claimKey.js')
export const { appendEvents } = await built<typeof eventLog>('db/eventLog.js')
export const { migrate } = await built<typeof migrations>('db/migrate.js')
export const { startCluster } = await built<typeof cluster>('db/native/cluster.js')
export const { openPostgres } = await built<typeof postgres>('db/postgres.js')
export const { openSessions } = await built<typeof session>('db/session.js')
export const { readKey } = await built<typeof apiKey>('domain/apiKey.js')
export const { newCredential } = await built<typeof credential>('local/credential.js')
export const { createRuntime } = await built<typeof runtime>('local/runtime.js')
export const { bootstrapTenant } = await built<typeof bootstrap>('operations/tenant/bootstrap.js')

function built<Module>(file: string): Promise<Module> {
  return import(new URL(`./${file}`, import.meta.resolve('caliber')).href)
}
