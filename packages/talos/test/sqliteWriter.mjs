// A process of its own on a shared SQLite store, over the built package: `create <count>` or `write`.
import { openStore } from '../dist/stored.js'

const [file, task, count] = process.argv.slice(2)
const { store } = await openStore(file, { create: true })
process.stdout.write('ready\n')
await new Promise((resolve) => process.stdin.once('data', resolve))
process.stdin.unref()

if (task === 'create') {
  const won = []
  for (let n = 0; n < Number(count); n++) if (await store.create(`k${n}`, Buffer.from(String(process.pid)))) won.push(n)
  process.stdout.write(`${JSON.stringify(won)}\n`)
} else
  for (let n = 1; ; n++) {
    await store.write('big', Buffer.alloc(300_000, n % 256))
    process.stdout.write(`${n}\n`)
    await new Promise((resolve) => setImmediate(resolve))
  }
