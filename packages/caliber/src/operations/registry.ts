/** Every operation there is. HTTP, OpenAPI, MCP, CLI, client and reference are projections of this list. */
import { getArtifact } from './artifact/get.ts'
import { listArtifactHistory } from './artifact/history.ts'
import { putArtifact } from './artifact/put.ts'
import { getConflict } from './conflict/get.ts'
import { listConflicts } from './conflict/list.ts'
import { resolveConflict } from './conflict/resolve.ts'
import { assembleContext } from './context/assemble.ts'
import { explainContext } from './context/explain.ts'
import { replayContext } from './context/replay.ts'
import { varyContext } from './context/vary.ts'
import { eventsSince } from './event/since.ts'
import { delegateKey } from './key/delegate.ts'
import { issueKey } from './key/issue.ts'
import { listKeys } from './key/list.ts'
import { revokeKey } from './key/revoke.ts'
import { rotateKey } from './key/rotate.ts'
import { acquireLock } from './lock/acquire.ts'
import { extendLock } from './lock/extend.ts'
import { listLocks } from './lock/list.ts'
import { releaseLock } from './lock/release.ts'
import { forgetMemory } from './memory/forget.ts'
import { listQuarantine } from './memory/quarantine.ts'
import { memoryResidue } from './memory/residue.ts'
import { restoreMemory } from './memory/restore.ts'
import { revokeMemory } from './memory/revoke.ts'
import { searchMemory } from './memory/search.ts'
import { memoryStatus } from './memory/status.ts'
import { verifyMemory } from './memory/verify.ts'
import { getNote } from './note/get.ts'
import { listNotes } from './note/list.ts'
import { recordNote } from './note/record.ts'
import { retractNote } from './note/retract.ts'
import { supersedeNote } from './note/supersede.ts'
import type { AnyOperation } from './operation.ts'
import { addPrincipal } from './principal/add.ts'
import { changePrincipal } from './principal/change.ts'
import { listPrincipals } from './principal/list.ts'
import { createRegion } from './region/create.ts'
import { getRegion } from './region/get.ts'
import { grantRegion } from './region/grant.ts'
import { listRegions } from './region/list.ts'
import { regionPrinciples } from './region/principles.ts'
import { revokeRegion } from './region/revoke.ts'
import { closeScope } from './scope/close.ts'
import { getScope } from './scope/get.ts'
import { listScopes } from './scope/list.ts'
import { openScope } from './scope/open.ts'
import { scopeSummary } from './scope/summary.ts'
import { serverHealth } from './server/health.ts'
import { serverVersion } from './server/version.ts'
import { createTenant } from './tenant/create.ts'
import { getTenant } from './tenant/get.ts'
import { limitTenant } from './tenant/limit.ts'
import { listTenants } from './tenant/list.ts'
import { resumeTenant } from './tenant/resume.ts'
import { retainTenant } from './tenant/retain.ts'
import { suspendTenant } from './tenant/suspend.ts'
import { tenantUsage } from './tenant/usage.ts'
import { finishTrajectory } from './trajectory/finish.ts'
import { getTrajectory } from './trajectory/get.ts'
import { listTrajectories } from './trajectory/list.ts'
import { startTrajectory } from './trajectory/start.ts'
import { trajectorySummary } from './trajectory/summary.ts'
import { importTranscript } from './transcript/import.ts'
import { appendTurns } from './turn/append.ts'
import { listTurns } from './turn/list.ts'

export const registry: readonly AnyOperation[] = [
  importTranscript,
  searchMemory,
  memoryStatus,
  assembleContext,
  explainContext,
  replayContext,
  varyContext,
  startTrajectory,
  getTrajectory,
  trajectorySummary,
  listTrajectories,
  finishTrajectory,
  openScope,
  getScope,
  scopeSummary,
  listScopes,
  closeScope,
  appendTurns,
  listTurns,
  putArtifact,
  getArtifact,
  listArtifactHistory,
  recordNote,
  getNote,
  listNotes,
  supersedeNote,
  retractNote,
  listConflicts,
  getConflict,
  resolveConflict,
  eventsSince,
  verifyMemory,
  forgetMemory,
  memoryResidue,
  revokeMemory,
  restoreMemory,
  listQuarantine,
  createRegion,
  getRegion,
  regionPrinciples,
  listRegions,
  grantRegion,
  revokeRegion,
  acquireLock,
  extendLock,
  releaseLock,
  listLocks,
  addPrincipal,
  listPrincipals,
  changePrincipal,
  issueKey,
  delegateKey,
  rotateKey,
  revokeKey,
  listKeys,
  getTenant,
  createTenant,
  listTenants,
  limitTenant,
  tenantUsage,
  suspendTenant,
  resumeTenant,
  retainTenant,
  serverHealth,
  serverVersion,
]
