/** The driver for a server: against CALIBER_TEST_DATABASE_URL, else against the bundled server. */
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll } from 'vitest'
import { type Cluster, startCluster } from './native/cluster.ts'
import { openPostgres } from './postgres.ts'
import { sqlSuite } from './sql.suite.ts'

const given = process.env['CALIBER_TEST_DATABASE_URL']
let cluster: Promise<Cluster> | undefined
const directory = path.join(os.tmpdir(), `caliber-postgres-test-${process.pid}`)

sqlSuite('postgres', async ({ statementTimeoutMs }) => {
  cluster ??= given === undefined ? startCluster({ dataDir: directory }) : undefined
  const url = given ?? (await cluster)?.adminUrl ?? ''
  return openPostgres({ url, tier: 'server', statementTimeoutMs })
})

afterAll(async () => {
  await (await cluster)?.stop()
  await fs.rm(directory, { recursive: true, force: true })
})
