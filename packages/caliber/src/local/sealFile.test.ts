/** What a power cut may do to the file of seals, and what it may not be mistaken for. */
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TenantId } from '../domain/ids.ts'
import { openSealFile } from './sealFile.ts'

let directory: string
let file: string

beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'caliber-seals-'))
  file = path.join(directory, 'seals.jsonl')
})
afterEach(() => rm(directory, { recursive: true, force: true }))

test.each([
  ['its beginning', (line: string) => `${'\0'.repeat(200)}${line.slice(200)}`],
  ['its end', (line: string) => line.slice(0, 200)],
  ['everything but its length', (line: string) => '\0'.repeat(line.length)],
])('a last seal that a power cut took %s from was never kept, and the next one follows the one before', async (_, tear) => {
  const seals = await openSealFile(directory)
  await seals.append([seal(1)])
  const before = await readFile(file, 'utf8')
  await seals.append([seal(2)])
  const torn = (await readFile(file, 'utf8')).slice(before.length)
  await writeFile(file, `${before}${tear(torn)}`)

  expect(await kept()).toEqual({ seqs: [1], faults: [] })
  await seals.append([seal(3)])
  expect(await kept()).toEqual({ seqs: [1, 3], faults: [] })
})

test('a seal in between that cannot be read is a fault', async () => {
  const seals = await openSealFile(directory)
  for (const seq of [1, 2]) await seals.append([seal(seq)])
  const [first = '', second = ''] = (await readFile(file, 'utf8')).split('\n')
  await writeFile(file, `${'\0'.repeat(first.length)}\n`)
  await appendFile(file, `${second}\n`)
  expect((await kept()).faults).toEqual([
    'line 1 does not follow the one before it',
    'line 2 does not follow the one before it',
  ])
})

async function kept() {
  const { seals, faults } = await (await openSealFile(directory)).of(tenantId, '9999')
  return { seqs: seals.map(({ seq }) => seq), faults }
}

const tenantId = '01890a5d-ac96-774b-bcce-b302099a8057' as TenantId

function seal(seq: number) {
  return { tenantId, seq, hash: 'ab'.repeat(32), at: '2026-05-04T09:00:00.000Z' }
}
