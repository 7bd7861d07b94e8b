/** One embedded directory, several processes: one engine, all rows of all of them, also when the owner is killed. */
import { existsSync } from 'node:fs'
import { readdir, readFile, readlink, realpath } from 'node:fs/promises'
import path from 'node:path'
import { openCaliber } from 'caliber'
import { afterEach, expect, test } from 'vitest'
import { besideTests, endPrograms, type Program, startProgram } from './program.ts'
import { storedNotes, storedScopes, storedTurns } from './stored.ts'
import { removeDirectories, temporaryDirectory } from './temporary.ts'

afterEach(async () => {
  await endPrograms()
  await removeDirectories()
})

const count = 200

test('two processes that open one directory and write at once end with all rows of both', async () => {
  const dataDir = await newDirectory()
  const [anna, bert] = [writer(dataDir, 'anna'), writer(dataDir, 'bert')]
  await Promise.all([anna, bert].map(opened))
  await expectOneEngine(dataDir, [anna, bert])

  for (const each of [anna, bert]) each.tell('write')
  await Promise.all([anna, bert].map(done))
  expect([anna, bert].flatMap(failures)).toEqual([])
  expect(acknowledged(anna, bert)).toHaveLength(2 * count)

  const beside = await contentsOf(dataDir)
  expect(beside).toEqual(acknowledged(anna, bert))
  await Promise.all([anna, bert].map(closed))
  expect(await contentsOf(dataDir)).toEqual(beside)
})

test('two processes that open at the same moment both get in without trying again', async () => {
  const dataDir = await newDirectory()
  const both = [writer(dataDir, 'anna', '--impatient'), writer(dataDir, 'bert', '--impatient')]
  await Promise.all(both.map((each) => each.hears((said) => 'opened' in said || 'refused' in said)))
  expect(both.flatMap((each) => each.heard.filter((said) => 'refused' in said))).toEqual([])
})

test('an owner that closes hands over: the other process goes on without a failed call', async () => {
  const dataDir = await newDirectory()
  let owner = writer(dataDir, 'anna')
  await opened(owner)
  const everybody = [owner]
  for (const name of ['bert', 'carl', 'dora']) {
    const attached = writer(dataDir, name, '--count', '100', '--at-once', '4')
    await opened(attached)
    attached.tell('write')
    await hasAcknowledged(attached, 10)
    await closed(owner)
    await done(attached)
    expect(failures(attached)).toEqual([])
    expect(await ownerPid(dataDir)).toBe(attached.pid)
    everybody.push(attached)
    owner = attached
  }
  expect(await contentsOf(dataDir)).toEqual(acknowledged(...everybody))
})

test('an owner that is killed loses nothing acknowledged, and the attached process takes over', async () => {
  const { dataDir, owner, attached } = await ownerAndAttached()
  for (const each of [owner, attached]) each.tell('write')
  await Promise.all([owner, attached].map((each) => hasAcknowledged(each, 40)))
  await owner.end('SIGKILL')
  const before = acknowledged(attached).length
  expect(before).toBeLessThan(count)

  const killedMs = performance.now()
  await hasAcknowledged(attached, before + 2)
  const tookOverMs = performance.now() - killedMs
  process.stdout.write(`taken over after ${Math.round(tookOverMs)} ms, ${before} of ${count} before\n`)

  await done(attached)
  expect(failures(attached)).toEqual([])
  expect(await ownerPid(dataDir)).toBe(attached.pid)
  const stored = await contentsOf(dataDir)
  expect(stored).toEqual(expect.arrayContaining(acknowledged(owner, attached)))
  expect(twice(stored)).toEqual([])
  // The owner's last record may have been committed without anybody hearing of it.
  expect(stored.length - acknowledged(owner, attached).length).toBeLessThanOrEqual(1)
})

test('calls that run at once while the owner is killed all succeed, each done once', async () => {
  const { dataDir, owner, attached } = await ownerAndAttached('--at-once', '8', '--count', '100')
  attached.tell('write')
  await hasAcknowledged(attached, 40)
  await owner.end('SIGKILL')
  await done(attached)
  expect(failures(attached)).toEqual([])
  const stored = await contentsOf(dataDir)
  expect(twice(stored)).toEqual([])
  expect(stored).toEqual(acknowledged(attached))
  await closed(attached)
  expect(await contentsOf(dataDir)).toEqual(stored)
})

test('of two attached processes one takes over and the other attaches to it, without a failed call', async () => {
  const { dataDir, owner, attached } = await ownerAndAttached('--count', '100')
  const third = writer(dataDir, 'carl', '--count', '100')
  await opened(third)
  for (const each of [attached, third]) each.tell('write')
  await Promise.all([attached, third].map((each) => hasAcknowledged(each, 20)))
  await owner.end('SIGKILL')
  await Promise.all([attached, third].map(done))
  expect([attached, third].flatMap(failures)).toEqual([])
  expect([attached.pid, third.pid]).toContain(await ownerPid(dataDir))
  expect(await contentsOf(dataDir)).toEqual(acknowledged(attached, third))
})

function writer(dataDir: string, name: string, ...more: readonly string[]): Program {
  return startProgram(besideTests('writer.mjs'), [
    '--data-dir',
    dataDir,
    '--name',
    name,
    '--count',
    `${count}`,
    ...more,
  ])
}

async function newDirectory(): Promise<string> {
  return path.join(await temporaryDirectory(), 'memory')
}

/** @param more words for the attached one */
async function ownerAndAttached(...more: readonly string[]) {
  const dataDir = await newDirectory()
  const owner = writer(dataDir, 'anna')
  await opened(owner)
  const attached = writer(dataDir, 'bert', ...more)
  await opened(attached)
  expect(await ownerPid(dataDir)).toBe(owner.pid)
  return { dataDir, owner, attached }
}

async function opened(program: Program): Promise<void> {
  await program.hears((said) => 'opened' in said)
}

async function done(program: Program): Promise<void> {
  await program.hears((said) => 'done' in said, 50_000)
}

async function closed(program: Program): Promise<void> {
  program.tell('close')
  expect(await program.ended).toMatchObject({ code: 0, stderr: '' })
}

async function hasAcknowledged(program: Program, atLeast: number): Promise<void> {
  await program.hears(() => acknowledged(program).length >= atLeast)
}

function acknowledged(...programs: readonly Program[]): string[] {
  return programs.flatMap(({ heard }) => heard.flatMap(({ acknowledged: text }) => (text ? [`${text}`] : []))).sort()
}

function failures({ heard }: Program): unknown[] {
  return heard.filter((said) => typeof said['failed'] === 'string')
}

/** Everything that any process wrote, read through an opening of our own. */
async function contentsOf(dataDir: string): Promise<string[]> {
  const memory = await openCaliber({ dataDir, tier: 'embedded' })
  try {
    expect(await memory.memory.verify()).toMatchObject({ ok: true, problems: [] })
    const contents = (await storedNotes(memory)).map(({ content }) => content)
    for (const { scopeId } of await storedScopes(memory)) {
      contents.push(...(await storedTurns(memory, scopeId)).map(({ content }) => content))
    }
    return contents.sort()
  } finally {
    await memory.close()
  }
}

function twice(texts: readonly string[]): string[] {
  return texts.filter((text, index) => texts.indexOf(text) !== index)
}

async function ownerPid(dataDir: string): Promise<unknown> {
  const owner: unknown = JSON.parse(await readFile(path.join(dataDir, 'owner.json'), 'utf8'))
  return typeof owner === 'object' && owner !== null && 'pid' in owner ? owner.pid : undefined
}

/** One process has the database's files open, the one that the directory names; the other has none. */
async function expectOneEngine(dataDir: string, programs: readonly Program[]): Promise<void> {
  const pid = await ownerPid(dataDir)
  expect(programs.map((program) => program.pid)).toContain(pid)
  if (!existsSync('/proc/self/fd')) return
  const inside = await realpath(dataDir)
  for (const program of programs) {
    const files = (await openFiles(program.pid)).filter((file) => file.startsWith(`${inside}/`))
    if (program.pid === pid) expect(files.length).toBeGreaterThan(0)
    else expect(files).toEqual([])
  }
}

async function openFiles(pid: number): Promise<string[]> {
  const descriptors = await readdir(`/proc/${pid}/fd`)
  return Promise.all(descriptors.map((one) => readlink(`/proc/${pid}/fd/${one}`).catch(() => '')))
}
