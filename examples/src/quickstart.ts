/** The quickstart of the README: it asserts its own result and exits non-zero when that is wrong. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'

const dataDir = await mkdtemp(path.join(os.tmpdir(), 'caliber-quickstart-'))
process.env['CALIBER_DATA_DIR'] = dataDir

// #region quickstart
import { openCaliber } from 'caliber'

const caliber = await openCaliber() // an embedded Postgres in ~/.caliber; no server, no key, no model

const { trajectoryId } = await caliber.trajectory.start({ name: 'Ship the booking API' })
const { scopeId } = await caliber.scope.open({ trajectoryId, name: 'Monday' })
await caliber.turn.append({
  scopeId,
  turns: [
    { role: 'user', content: 'The rate limit is 120 requests per minute, and we deploy to Stockholm.' },
    { role: 'assistant', content: 'Noted: 120 a minute, Stockholm.' },
  ],
})
const { noteId } = await caliber.note.record({ type: 'preference', subject: 'answers', content: 'Keep them short.' })
await caliber.note.supersede({ noteId, content: 'Short, and always with a source.', reason: 'asked again today' })

const context = await caliber.context.assemble({ query: 'What is the rate limit?', budgetTokens: 400 })
console.log(context.text)
for (const { verdict, section, tokens, reason } of context.receipt.verdicts)
  console.log(verdict, section, tokens, reason)

await caliber.close()
// #endregion

assert.match(context.text ?? '', /120 requests per minute/)
assert.match(context.text ?? '', /always with a source/)
assert.doesNotMatch(context.text ?? '', /Keep them short/)
assert.ok(context.receipt.usedTokens <= 400)
await rm(dataDir, { recursive: true, force: true })
