/** Kill -9 at seeded moments: a repeated import ends as an undisturbed one. */
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openCaliber } from 'caliber'
import { afterEach, expect, test } from 'vitest'
import { besideTests, endPrograms, startProgram } from './program.ts'
import { type Random, seeded } from './seeded.ts'
import { storedScopes, storedTrajectories, storedTurns } from './stored.ts'
import { removeDirectories, temporaryDirectory } from './temporary.ts'

/** More with CALIBER_CRASH_CYCLES. */
const cycles = Number(process.env['CALIBER_CRASH_CYCLES'] ?? 3)
const seed = Number(process.env['CALIBER_CRASH_SEED'] ?? 20_261_122)
const timeoutMs = 30_000 + cycles * 15_000

afterEach(async () => {
  await endPrograms()
  await removeDirectories()
})

test(
  'an import that is killed again and again ends as one that nothing disturbed',
  async () => {
    const random = seeded(seed)
    const directory = await temporaryDirectory()
    const file = path.join(directory, 'session.jsonl')
    const records = 600
    await writeFile(file, session(records, random))
    const importInto = (name: string) => {
      const memory = path.join(directory, name)
      const words = ['--data-dir', memory, '--file', file, '--lines', `${linesAtOnce}`]
      return startProgram(besideTests('importer.mjs'), words)
    }

    const undisturbed = importInto('undisturbed')
    expect(await undisturbed.ended).toMatchObject({ code: 0, stderr: '' })

    const chunks = records / linesAtOnce
    let killed = 0
    for (let round = 1; round < cycles; round += 1) {
      const disturbed = importInto('disturbed')
      const chunk = Math.floor(((round - random.below(2)) * chunks) / cycles) + 1
      await disturbed.hears((said) => said['chunk'] === chunk)
      await sleep(random.below(30))
      const { signal } = await disturbed.end('SIGKILL')
      if (signal === 'SIGKILL') killed += 1
    }
    process.stdout.write(`seed ${seed}: ${killed} imports killed\n`)
    expect(killed).toBeGreaterThan(0)
    const repeated = importInto('disturbed')
    expect(await repeated.ended).toMatchObject({ code: 0, stderr: '' })
    expect(repeated.heard.reduce((sum, said) => sum + Number(said['turnsPresent']), 0)).toBeGreaterThan(0)

    const [one, other] = [
      await stateOf(path.join(directory, 'disturbed')),
      await stateOf(path.join(directory, 'undisturbed')),
    ]
    expect(other.scopes.flatMap(({ turns }) => turns).length).toBe(records)
    expect(one).toEqual(other)
  },
  timeoutMs,
)

const linesAtOnce = 25

/** Everything but ids and the moments at which rows were made. */
async function stateOf(dataDir: string) {
  const memory = await openCaliber({ dataDir, tier: 'embedded' })
  try {
    const { ok, problems, checked } = await memory.memory.verify()
    expect({ ok, problems }).toEqual({ ok: true, problems: [] })
    const scopes = []
    for (const { scopeId, name, turnCount, usedTokens, version } of await storedScopes(memory)) {
      const turns = (await storedTurns(memory, scopeId)).map(({ turnId: _, scopeId: __, ...turn }) => turn)
      scopes.push({ name, turnCount, usedTokens, version, turns })
    }
    const { turns, notes, artifactRevisions } = checked
    const { items: events } = await memory.event.since({ limit: 1_000 })
    // Each opening may sweep; everything else happened once.
    const kinds = events.map(({ kind }) => kind).filter((kind) => kind !== 'sweep.ran')
    const trajectories = (await storedTrajectories(memory)).map(({ name, status }) => ({ name, status }))
    return { checked: { turns, notes, artifactRevisions }, trajectories, scopes, kinds }
  } finally {
    await memory.close()
  }
}

/** A Claude Code session file: three conversations that take turns, every third record a tool call or its result. */
function session(records: number, random: Random): string {
  const words = ['kiosk', 'sailing', 'deck', 'Skarven', 'seat', 'timetable', 'Åvik', 'refund', 'bicycle', 'ledger']
  const sentence = () => Array.from({ length: 4 + random.below(30) }, () => random.pick(words)).join(' ')
  const lines = Array.from({ length: records }, (_, i) => {
    const call = { type: 'tool_use', id: `toolu_${i}`, name: 'Bash', input: { command: sentence(), attempt: i } }
    const result = { type: 'tool_result', tool_use_id: `toolu_${i - 3}`, content: sentence(), is_error: i % 2 === 0 }
    const kinds = [
      { type: 'user', content: sentence() },
      { type: 'assistant', content: [{ type: 'text', text: sentence() }, call] },
      { type: 'user', content: [result] },
    ]
    const { type, content } = kinds[Math.floor(i / 3) % 3] ?? { type: 'user', content: '' }
    return JSON.stringify({
      type,
      sessionId: `conversation-${i % 3}`,
      uuid: `record-${i}`,
      timestamp: new Date(1_777_000_000_000 + i * 1_000).toISOString(),
      message: { role: type, content },
    })
  })
  return `${lines.join('\n')}\n`
}
