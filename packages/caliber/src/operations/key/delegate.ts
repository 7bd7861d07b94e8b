import { z } from 'zod'
import { CaliberError } from '../../domain/errors.ts'
import { operation } from '../operation.ts'
import { assertWithin } from '../principal/entity.ts'
import { earlier, insertKey, issuedKey, narrowing } from './entity.ts'

export const delegateKey = operation({
  name: 'key.delegate',
  http: 'POST /v1/keys/delegate',
  summary: 'Make a narrower key from your own credential, to hand on. It ends with the credential it came from.',
  example: { name: 'summariser', rights: ['read'], expiresAt: '2099-01-01T00:00:00Z' },
  input: z.strictObject(narrowing),
  output: issuedKey,
  effect: 'write',
  needs: 'read',
  reach: 'credential',
  mcp: false,
  idempotent: false,
  secret: true,

  async run(context, { name, rights, regions, expiresAt }) {
    const { principal: caller } = context
    const given = rights ?? caller.rights
    assertWithin(given, caller.rights, 'Your credential')
    const beyond = regions?.filter((regionId) => caller.regions && !caller.regions.includes(regionId)) ?? []
    if (beyond.length > 0) {
      throw new CaliberError('forbidden', `Your credential does not open region ${beyond.join(', ')}. Ask for less.`, {
        beyond,
      })
    }
    return insertKey(context, {
      principalId: caller.principalId,
      parentId: caller.keyId ?? null,
      name: name ?? null,
      rights: given,
      regions: regions ?? caller.regions ?? null,
      expiresAt: earlier(expiresAt ?? null, caller.expiresAt ?? null),
    })
  },
})
