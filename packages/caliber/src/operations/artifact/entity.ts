import { z } from 'zod'
import { artifactTypes, extractionMethods } from '../../domain/artifact.ts'
import { limits } from '../../domain/limits.ts'
import { id, trust } from '../schema.ts'

export const provenance = z.strictObject({
  method: z.enum(extractionMethods).default('explicit'),
  sourceTurnIds: z.array(id('turn it was made from')).max(limits.sourcesPerItem).default([]),
  confidence: z.number().min(0).max(1).nullable().default(null),
})

export const artifact = z.strictObject({
  artifactId: id('artifact'),
  regionId: id('region'),
  trajectoryId: id('trajectory'),
  type: z.enum(artifactTypes),
  name: z.string(),
  revision: z.int(),
  latestRevision: z.int(),
  content: z.string(),
  digest: z.string(),
  tokenCount: z.int(),
  provenance: provenance.describe('Without turns that you may not read.'),
  trust,
  createdBy: z.uuid(),
  createdAt: z.string(),
})
