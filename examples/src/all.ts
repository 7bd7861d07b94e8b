/** `npm run examples`: run every example; each asserts its own result. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = new URL('.', import.meta.url)
const examples = readdirSync(fileURLToPath(folder)).filter((name) => name.endsWith('.js') && name !== 'all.js')
let failed = 0
for (const name of examples) {
  const { status } = spawnSync(process.execPath, [fileURLToPath(new URL(name, folder))], { stdio: 'inherit' })
  console.log(`${status === 0 ? 'ok' : 'FAILED'} ${name}`)
  if (status !== 0) failed += 1
}
console.log(`${examples.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
