/** A tenant on a real database, called through dispatch like any surface does. */
import { v7 } from 'uuid'
import type { Sessions } from '../../db/session.ts'
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts'
import { readKey } from '../../domain/apiKey.ts'
import { type Principal, type Right, rights } from '../../domain/principal.ts'
import { newCredential } from '../../local/credential.ts'
import { createRuntime, type Runtime, type RuntimeOptions } from '../../local/runtime.ts'
import { bootstrapTenant } from '../tenant/bootstrap.ts'

/** One principal of a tenant, and how it calls. */
export interface TestPrincipal {
  readonly tenantId: string
  readonly principalId: string
  call<Output = Record<string, unknown>>(
    operation: string,
    input: unknown,
    idempotencyKey?: string,
    fences?: readonly string[],
  ): Promise<Output>
}

/** A tenant, as its first principal, which has every right. */
export interface TestTenant extends TestPrincipal {
  readonly key: string
  /** Add a principal with rights to read and write, or those named. */
  member(rights?: readonly Right[]): Promise<TestPrincipal>
}

export interface TestCaliber extends TestDatabase {
  readonly runtime: Runtime
  tenant(): Promise<TestTenant>
}

export async function testCaliber(options: RuntimeOptions = {}): Promise<TestCaliber> {
  const held = await testDatabase()
  const runtime = await createRuntime(held.sessions, options)
  return {
    ...held,
    runtime,
    tenant: () => makeTenant(held.sessions, runtime),
    async close() {
      await runtime.close()
      await held.close()
    },
  }
}

export async function makeTenant(sessions: Sessions, runtime: Runtime): Promise<TestTenant> {
  const { key, principalId } = await newCredential()
  const parts = readKey(key) ?? { tenantId: v7(), keyId: v7(), secret: '' }
  await bootstrapTenant(sessions, { ...parts, principalId, name: 'test', rights })
  const first = callsAs({ tenantId: parts.tenantId, principalId, rights }, runtime)
  return {
    ...first,
    key,
    async member(rights = ['read', 'write']) {
      const added = await first.call<{ principalId: string }>('principal.add', {
        kind: 'agent',
        name: 'member',
        rights,
      })
      return callsAs({ tenantId: parts.tenantId, principalId: added.principalId, rights }, runtime)
    },
  }
}

/** Call as any principal: what a surface does once it has checked a credential. */
export function callsAs(principal: Principal, { dispatch }: Runtime): TestPrincipal {
  return {
    ...principal,
    call: async <Output>(operation: string, input: unknown, idempotencyKey?: string, fences?: readonly string[]) =>
      (await dispatch({ operation, input, principal, idempotencyKey, fences })) as Output,
  }
}
