/** Parts of the built product that its entry does not export: a server, its doors, and what stands behind them. */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import type * as authConfiguration from '../../packages/caliber/dist/auth/configuration.js'
import type * as claimKey from '../../packages/caliber/dist/db/claimKey.js'
import type * as migration from '../../packages/caliber/dist/db/migrate.js'
import type * as cluster from '../../packages/caliber/dist/db/native/cluster.js'
import type * as driver from '../../packages/caliber/dist/db/postgres.js'
import type * as session from '../../packages/caliber/dist/db/session.js'
import type * as vectorStore from '../../packages/caliber/dist/derive/embeddings/vectorStore.js'
import type * as derivations from '../../packages/caliber/dist/derive/summaries/derivations.js'
import type * as digests from '../../packages/caliber/dist/derive/textDigest.js'
import type * as meters from '../../packages/caliber/dist/derive/use/meter.js'
import type * as storedVectors from '../../packages/caliber/dist/derive/vector/storedVectors.js'
import type * as apiKey from '../../packages/caliber/dist/domain/apiKey.js'
import type * as failure from '../../packages/caliber/dist/domain/errors.js'
import type * as credential from '../../packages/caliber/dist/local/credential.js'
import type * as runtime from '../../packages/caliber/dist/local/runtime.js'
import type * as registered from '../../packages/caliber/dist/operations/registry.js'
import type * as sweeping from '../../packages/caliber/dist/operations/sweep/sweepTenants.js'
import type * as bootstrap from '../../packages/caliber/dist/operations/tenant/bootstrap.js'
import type * as httpApp from '../../packages/caliber/dist/surfaces/http/app.js'
import type * as jsonSchema from '../../packages/caliber/dist/surfaces/http/jsonSchema.js'
import type * as route from '../../packages/caliber/dist/surfaces/http/route.js'
import type * as mcp from '../../packages/caliber/dist/surfaces/mcp/http.js'
import type * as mcpTools from '../../packages/caliber/dist/surfaces/mcp/tools.js'

const entry = pathToFileURL(createRequire(import.meta.url).resolve('caliber'))
const part = (file: string) => import(new URL(file, entry).href)

export const { readAuthConfiguration }: typeof authConfiguration = await part('auth/configuration.js')
export const { startCluster }: typeof cluster = await part('db/native/cluster.js')
export const { migrate }: typeof migration = await part('db/migrate.js')
export const { openPostgres }: typeof driver = await part('db/postgres.js')
export const { claimKeyOf, installClaimKey, newClaimKey, signClaims }: typeof claimKey = await part('db/claimKey.js')
export const { openSessions }: typeof session = await part('db/session.js')
export const { readKey, writeKey }: typeof apiKey = await part('domain/apiKey.js')
export const { CaliberError, errorTable }: typeof failure = await part('domain/errors.js')
export const { Derivations }: typeof derivations = await part('derive/summaries/derivations.js')
export const { openVectorStore }: typeof vectorStore = await part('derive/embeddings/vectorStore.js')
export const { Meter }: typeof meters = await part('derive/use/meter.js')
export const { openStoredVectors }: typeof storedVectors = await part('derive/vector/storedVectors.js')
export const { textDigest }: typeof digests = await part('derive/textDigest.js')
export const { newCredential }: typeof credential = await part('local/credential.js')
export const { createRuntime }: typeof runtime = await part('local/runtime.js')
export const { registry }: typeof registered = await part('operations/registry.js')
export const { sweepTenant }: typeof sweeping = await part('operations/sweep/sweepTenants.js')
export const { bootstrapTenant }: typeof bootstrap = await part('operations/tenant/bootstrap.js')
export const { createHttpApp }: typeof httpApp = await part('surfaces/http/app.js')
export const { toJsonSchema }: typeof jsonSchema = await part('surfaces/http/jsonSchema.js')
export const { parseRoute }: typeof route = await part('surfaces/http/route.js')
export const { mcpRoutes }: typeof mcp = await part('surfaces/mcp/http.js')
export const { toolName }: typeof mcpTools = await part('surfaces/mcp/tools.js')

export type { ClaimKey } from '../../packages/caliber/dist/db/claimKey.js'
export type { Claims, Sessions } from '../../packages/caliber/dist/db/session.js'
export type { RegionId } from '../../packages/caliber/dist/domain/ids.js'
export type { Principal, Right } from '../../packages/caliber/dist/domain/principal.js'
export type { Runtime } from '../../packages/caliber/dist/local/runtime.js'
export type { Call, Dispatch } from '../../packages/caliber/dist/operations/dispatch.js'
export type { AnyOperation } from '../../packages/caliber/dist/operations/operation.js'
export type { JsonSchema } from '../../packages/caliber/dist/surfaces/http/jsonSchema.js'
