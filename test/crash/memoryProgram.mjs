/**
 * A program that uses a memory until it is killed; the loops beside it start it, again and again.
 *
 *     node memoryProgram.mjs write|import --data-dir DIR --name NAME [--log FILE] [--batches N [--die]] [--early]
 *     node memoryProgram.mjs migrate --data-dir DIR
 *     node memoryProgram.mjs look
 *
 * `write` and `import` say `{ opened }` with what became of the batches in the log, then `{ acknowledged }` for each new
 * one. After N they close, or `--die` as by kill -9. An acknowledged batch is added to the log, or to the record of file
 * effects where there is one; `--early`, for the negative control, acknowledges first and writes a moment later.
 * `migrate` says `{ opened }`, then `{ applied }` after each migration. `look` reads `{ directory, acknowledged }` line
 * by line and answers what became of them. All take `--tier embedded|native`.
 */
import fs from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { clientOver } from '@caliber/client'
import { migrate } from '../../packages/caliber/dist/db/migrate.js'
import { dumpSchema } from '../../packages/caliber/dist/db/schemaDump.js'
import { takeSeat } from '../../packages/caliber/dist/local/takeSeat.js'
import { acknowledgedIn, logTo } from './acknowledgements.mjs'
import { openBare } from './bareDatabase.mjs'
import { batch, judge } from './records.mjs'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'data-dir': { type: 'string' },
    tier: { type: 'string', default: 'embedded' },
    name: { type: 'string', default: 'batch' },
    log: { type: 'string' },
    batches: { type: 'string', default: 'Infinity' },
    die: { type: 'boolean', default: false },
    early: { type: 'boolean', default: false },
  },
})
const schemaFile = new URL('../../packages/caliber/sql/schema.sql', import.meta.url)
const checkpointEvery = 20

const [what] = positionals
if (what === 'look') await lookForever()
else if (what === 'migrate') await migrateOnly()
else await use(what === 'import' ? importer : writer)

async function use(batches) {
  const startedMs = performance.now()
  const seat = await takeSeat({ dataDir: options['data-dir'], tier: options.tier })
  const openMs = performance.now() - startedMs
  const memory = clientOver(seat.transport)
  say({ opened: true, openMs, ...(options.log && (await examine(seat, acknowledgedIn(options.log)))) })

  const acknowledge = acknowledging()
  const write = batches(memory)
  for (let i = 1; i <= Number(options.batches); i += 1) {
    const key = `${options.name}-${i}`
    if (options.early) {
      acknowledge(key)
      await sleep(300)
    }
    await write(key, i)
    if (!options.early) acknowledge(key)
    say({ acknowledged: key })
    // The engine's own come every 64 MiB of log, which no short run reaches.
    if (options.tier === 'embedded' && i % checkpointEvery === 0) await seat.owned.database.script('checkpoint')
  }
  if (options.die) process.kill(process.pid, 'SIGKILL')
  await seat.close()
}

/** Turns, one to five at once, and every third time a note. */
function writer(memory) {
  let scope
  return async (key, i) => {
    if (i % 3 === 0) {
      const [content] = batch(key, 1)
      return memory.note.record({ subject: options.name, content })
    }
    scope ??= await openScope(memory)
    const turns = batch(key, 1 + (i % 5)).map((content) => ({ role: 'user', content }))
    return memory.turn.append({ scopeId: scope.scopeId, turns })
  }
}

/** One transcript, five lines at once. Each chunk comes twice, as from an importer that did not hear the answer. */
function importer(memory) {
  const size = 5
  return async (key, i) => {
    const records = batch(key, size).map((content) => ({ role: 'user', content, at: '2026-05-04T09:00:00Z' }))
    const text = records.map((record) => `${JSON.stringify(record)}\n`).join('')
    const chunk = { source: options.name, format: 'plain', firstLine: 1 + (i - 1) * size, text }
    await memory.transcript.import(chunk)
    await memory.transcript.import(chunk)
  }
}

async function openScope(memory) {
  const { name } = options
  const { trajectoryId } = await memory.trajectory.start({ name })
  return memory.scope.open({ trajectoryId, name })
}

async function migrateOnly() {
  const { database } = await openBare(options.tier, options['data-dir'])
  say({ opened: true })
  // Each migration is one script.
  const script = async (text) => {
    await database.script(text)
    say({ applied: true })
  }
  await migrate({ ...database, script })
  // It is to be killed, be it after the last.
  await sleep(60_000)
}

async function lookForever() {
  for await (const line of createInterface(process.stdin)) say(await look(JSON.parse(line)))
}

async function look({ directory, acknowledged }) {
  try {
    const startedMs = performance.now()
    const seat = await takeSeat({ dataDir: directory, tier: options.tier })
    const openMs = performance.now() - startedMs
    const found = { openMs, ...(await examine(seat, acknowledged)) }
    await seat.close()
    return found
  } catch (error) {
    return { refused: `${error.code}: ${error.message} ${error.cause?.message ?? ''}` }
  }
}

/** What is wrong with a memory: by its own word, by its schema, and by what we know to be in it. */
async function examine(seat, acknowledged) {
  const memory = clientOver(seat.transport)
  const { problems } = await memory.memory.verify()
  const schema = await seat.owned.database.transaction(dumpSchema, { readOnly: true })
  const isFresh = fs.readFileSync(schemaFile, 'utf8').endsWith(`\n\n${schema}`)
  return {
    problems: [...problems.map(({ what, id }) => `${what}: ${id}`), ...(isFresh ? [] : ['the schema is another one'])],
    ...judge(await textsIn(memory), acknowledged),
  }
}

async function textsIn(memory) {
  const notes = await pages((after) => memory.note.list({ limit: 1_000, status: 'any', after }))
  const scopes = await pages((after) => memory.scope.list({ limit: 1_000, after }))
  const texts = notes.map(({ content }) => content)
  for (const { scopeId } of scopes) {
    const turns = await pages((afterSequence) => memory.turn.list({ scopeId, limit: 1_000, afterSequence }))
    texts.push(...turns.map(({ content }) => content))
  }
  return texts
}

async function pages(read) {
  const all = []
  for (let after; ; ) {
    const { items, next } = await read(after)
    all.push(...items)
    if (next === null) return all
    after = next
  }
}

function acknowledging() {
  const recorded = globalThis[Symbol.for('caliber.record')]
  return recorded ? (key) => recorded({ op: 'acknowledge', key }) : logTo(options.log)
}

function say(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}
