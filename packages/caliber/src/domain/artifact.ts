import type { ArtifactId, PrincipalId, RegionId, TrajectoryId, TurnId } from './ids.ts'

export const artifactTypes = [
  'code',
  'patch',
  'document',
  'data',
  'config',
  'log',
  'plan',
  'decision',
  'tool_result',
  'other',
] as const
export type ArtifactType = (typeof artifactTypes)[number]

export const extractionMethods = ['explicit', 'inferred', 'user_provided', 'model', 'tool', 'recall'] as const

/** Where content came from. */
export interface Provenance {
  readonly method: (typeof extractionMethods)[number]
  readonly sourceTurnIds: readonly TurnId[]
  /** 0..1, where the maker can say. */
  readonly confidence: number | null
}

/** One immutable revision of an output. */
export interface Artifact {
  readonly artifactId: ArtifactId
  readonly regionId: RegionId
  readonly trajectoryId: TrajectoryId
  readonly type: ArtifactType
  readonly name: string
  readonly revision: number
  /** The newest revision; equals `revision` when this is it. */
  readonly latestRevision: number
  readonly content: string
  /** SHA-256 of the content's UTF-8, lower-case hex, computed by the database. */
  readonly digest: string
  readonly tokenCount: number
  readonly provenance: Provenance
  /** 0..1: at most that of its turns and of the revision before. */
  readonly trust: number
  readonly createdBy: PrincipalId
  readonly createdAt: string
}
