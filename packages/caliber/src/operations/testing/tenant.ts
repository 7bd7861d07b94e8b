/** A tenant on a real database, called through dispatch like any surface does. */
import { v7 } from 'uuid'
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts'
import { readKey } from '../../domain/apiKey.ts'
import { rights } from '../../domain/principal.ts'
import { newCredential } from '../../local/credential.ts'
import { createRuntime, type Runtime, type RuntimeOptions } from '../../local/runtime.ts'
import { bootstrapTenant } from '../tenant/bootstrap.ts'

export interface TestTenant {
  readonly tenantId: string
  readonly principalId: string
  readonly key: string
  /** Call an operation as this tenant's principal. */
  call<Output = Record<string, unknown>>(operation: string, input: unknown, idempotencyKey?: string): Promise<Output>
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
    tenant: () => makeTenant(held, runtime),
    async close() {
      await runtime.close()
      await held.close()
    },
  }
}

async function makeTenant({ sessions }: TestDatabase, runtime: Runtime): Promise<TestTenant> {
  const { key, principalId } = await newCredential()
  const parts = readKey(key) ?? { tenantId: v7(), keyId: v7(), secret: '' }
  await bootstrapTenant(sessions, { ...parts, principalId, name: 'test', rights })
  const principal = { tenantId: parts.tenantId, principalId, rights }
  return {
    ...principal,
    key,
    call: async <Output>(operation: string, input: unknown, idempotencyKey?: string) =>
      (await runtime.dispatch({ operation, input, principal, idempotencyKey })) as Output,
  }
}
