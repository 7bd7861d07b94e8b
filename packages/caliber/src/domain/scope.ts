import type { RegionId, ScopeId, TrajectoryId } from './ids.ts'
import type { State } from './states.ts'

/** A working window of a trajectory with a token budget. Opens once, closes once. */
export interface Scope {
  readonly scopeId: ScopeId
  readonly regionId: RegionId
  readonly trajectoryId: TrajectoryId
  readonly name: string
  readonly purpose: string | null
  readonly budgetTokens: number
  readonly status: State<'scope'>
  readonly turnCount: number
  /** Tokens of all turns together, kept by the server. */
  readonly usedTokens: number
  readonly version: number
  readonly createdAt: string
  readonly closedAt: string | null
}
