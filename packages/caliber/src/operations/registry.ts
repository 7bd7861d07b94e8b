/** Every operation there is. HTTP, OpenAPI, MCP, CLI, client and reference are projections of this list. */
import { getArtifact } from './artifact/get.ts'
import { listArtifactHistory } from './artifact/history.ts'
import { putArtifact } from './artifact/put.ts'
import { assembleContext } from './context/assemble.ts'
import { explainContext } from './context/explain.ts'
import { eventsSince } from './event/since.ts'
import { searchMemory } from './memory/search.ts'
import { verifyMemory } from './memory/verify.ts'
import { getNote } from './note/get.ts'
import { listNotes } from './note/list.ts'
import { recordNote } from './note/record.ts'
import { retractNote } from './note/retract.ts'
import { supersedeNote } from './note/supersede.ts'
import type { AnyOperation } from './operation.ts'
import { closeScope } from './scope/close.ts'
import { getScope } from './scope/get.ts'
import { listScopes } from './scope/list.ts'
import { openScope } from './scope/open.ts'
import { serverHealth } from './server/health.ts'
import { serverVersion } from './server/version.ts'
import { finishTrajectory } from './trajectory/finish.ts'
import { getTrajectory } from './trajectory/get.ts'
import { listTrajectories } from './trajectory/list.ts'
import { startTrajectory } from './trajectory/start.ts'
import { importTranscript } from './transcript/import.ts'
import { appendTurns } from './turn/append.ts'
import { listTurns } from './turn/list.ts'

export const registry: readonly AnyOperation[] = [
  importTranscript,
  searchMemory,
  assembleContext,
  explainContext,
  startTrajectory,
  getTrajectory,
  listTrajectories,
  finishTrajectory,
  openScope,
  getScope,
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
  eventsSince,
  verifyMemory,
  serverHealth,
  serverVersion,
]
