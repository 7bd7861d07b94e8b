// Copy the regions of example programs into the documents that show them (or with --check compare).
import { readFileSync, writeFileSync } from 'node:fs'

const documents = ['README.md']
const root = new URL('../', import.meta.url)
let stale = 0
for (const name of documents) {
  const file = new URL(name, root)
  const text = readFileSync(file, 'utf8')
  const synced = text.replace(
    /(<!-- region (\w+) of (\S+) -->\n```ts\n)[^]*?(```\n<!-- end region -->)/g,
    (_, open, region, source, close) => `${open}${regionOf(source, region)}${close}`,
  )
  if (synced === text) continue
  stale += 1
  if (process.argv.includes('--check')) console.error(`stale: ${name}; run npm run gen`)
  else writeFileSync(file, synced)
}
process.exitCode = stale > 0 && process.argv.includes('--check') ? 1 : 0

function regionOf(source, region) {
  const text = readFileSync(new URL(source, root), 'utf8')
  const [, body] = text.match(new RegExp(`// #region ${region}\\n([^]*?)// #endregion`)) ?? []
  if (body === undefined) throw new Error(`${source} has no region ${region}`)
  return body
}
