/** Two agents of one team: what one learns in the morning, the other is told in the afternoon, from another process. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { openCaliber } from 'caliber'

const dataDir = await mkdtemp(path.join(os.tmpdir(), 'caliber-handover-'))

// #region handover
const morning = await openCaliber({ dataDir })
await morning.note.record({
  type: 'gotcha',
  subject: 'staging deploy',
  content: 'Run the migration dry-run first; staging shares a disk.',
})

// A second opener attaches to the first: in another process it would be no different.
const afternoon = await openCaliber({ dataDir })
const { text } = await afternoon.context.assemble({ query: 'How do I deploy to staging?', budgetTokens: 300 })
console.log(text)
// #endregion

assert.match(text ?? '', /dry-run first/)
await afternoon.close()
await morning.close()
await rm(dataDir, { recursive: true, force: true })
