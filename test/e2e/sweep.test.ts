/** Nobody has to ask for a sweep. */
import { afterEach, expect, test } from 'vitest'
import { takeSeat } from '../../packages/caliber/src/local/takeSeat.ts'
import { removeDirectories, temporaryDirectory } from './temporary.ts'

afterEach(removeDirectories)

test('whoever owns a directory sweeps it as it opens it', async () => {
  const options = { dataDir: await temporaryDirectory(), tier: 'embedded' } as const
  const before = await takeSeat(options)
  const { tenantId } = before.credential.principal
  // The engine's own superuser, without claims.
  await before.owned?.database.script(`
    insert into caliber.context_window (tenant_id, id, record, created_at)
    values ('${tenantId}', repeat('0', 64), '\\x', '2020-01-01')`)
  await before.close()
  const after = await takeSeat(options)
  try {
    const events = () => after.transport.call('event.since', {})
    const swept = { kind: 'sweep.ran', data: { answers: 0, windows: 1, usage: 0 } }
    await expect.poll(events).toMatchObject({ items: expect.arrayContaining([expect.objectContaining(swept)]) })
  } finally {
    await after.close()
  }
})
