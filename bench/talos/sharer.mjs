/** One of the processes of the sharing figure: asks for every key once, and reports what it published. */
import { fileStore, share } from '../../packages/talos/dist/persist.js'

const [directory, keysText, idText] = process.argv.slice(2)
const keys = Number(keysText)
const publications = []
const square = share(fileStore(directory), 'square', async (n) => n * n, {
  leaseMs: 1000,
  pollMs: 20,
  onEvent: ({ kind, key }) => {
    if (kind !== 'published') return
    publications.push(key)
    // Told at once, so that a process killed later has been counted.
    process.send({ publications: [key], bad: 0 })
  },
})
let bad = 0
for (let i = 0; i < keys; i++) {
  const key = (i + Number(idText) * 61) % keys
  if ((await square(key)) !== key * key) bad++
}
process.send({ publications: [], bad }, () => process.exit(0))
