import { z } from 'zod'
import { operation } from '../operation.ts'
import { ownTenant, tenant } from './entity.ts'

export const getTenant = operation({
  name: 'tenant.get',
  http: 'GET /v1/tenant',
  summary: 'Get your own tenant: what it stores and what it may store.',
  example: {},
  input: z.strictObject({}),
  output: tenant,
  effect: 'read',
  needs: 'read',
  mcp: false,
  idempotent: true,

  run: ({ sql }) => ownTenant(sql),
})
