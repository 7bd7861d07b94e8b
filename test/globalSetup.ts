/** Once per test run: compile, start the native server, and migrate the template that test files clone. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { migrate } from '../packages/caliber/src/db/migrate.ts'
import { startCluster } from '../packages/caliber/src/db/native/cluster.ts'
import { openPostgres } from '../packages/caliber/src/db/postgres.ts'
import { template } from '../packages/caliber/src/db/testing/database.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The superuser's URL of the native test server. */
    adminUrl: string
    /** That of the role that serves: neither superuser nor owner of anything. */
    loginUrl: string
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (process.env['CALIBER_TEST_BUILT'] === undefined) {
    const root = fileURLToPath(new URL('..', import.meta.url))
    execFileSync(process.execPath, [path.join(root, 'scripts/build.mjs')], { cwd: root, stdio: 'inherit' })
  }
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'caliber-test-'))
  const cluster = await startCluster({ dataDir })
  const admin = openPostgres({ url: cluster.adminUrl, tier: 'native', poolSize: 1 })
  await admin.script(`create database ${template}`)
  await admin.close()
  const database = openPostgres({ url: cluster.adminUrlOf(template), tier: 'native', poolSize: 1 })
  await migrate(database)
  await database.script('grant caliber_app to caliber_login')
  await database.close()
  project.provide('adminUrl', cluster.adminUrl)
  project.provide('loginUrl', cluster.appUrl('postgres'))

  return async () => {
    await cluster.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}
