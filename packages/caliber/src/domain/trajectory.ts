import type { PrincipalId, RegionId, TrajectoryId } from './ids.ts'
import type { State } from './states.ts'

/** What came of a trajectory, said once, when it is finished. */
export interface Outcome {
  readonly status: 'completed' | 'failed'
  readonly summary: string | null
}

/** A goal that somebody pursues; may be part of another. */
export interface Trajectory {
  readonly trajectoryId: TrajectoryId
  readonly regionId: RegionId
  readonly parentId: TrajectoryId | null
  readonly name: string
  readonly goal: string | null
  readonly status: State<'trajectory'>
  readonly outcome: Outcome | null
  readonly version: number
  readonly createdBy: PrincipalId
  readonly createdAt: string
  readonly updatedAt: string
}
