/**
 * One poisoned source among many: what was derived from it over five levels is out of everything that a reader sees, and
 * the rest is what it is in a memory that never had it.
 */
import type { Caliber } from 'caliber'
import type { Figures } from 'caliber-bench/report'
import { withFreshMemory } from '../withCaliber.ts'

const levels = 5
const poison = 'quetzalcoatl'
const topics = ['ferry', 'harbour', 'ticket', 'payment', 'kiosk', 'tide', 'weather', 'crew', 'cargo', 'bridge']

export async function runRevoke(sources: number): Promise<Figures> {
  const clean = await withFreshMemory({}, (caliber) => fill(caliber, sources - 1).then(() => seen(caliber)))
  return withFreshMemory({}, async (caliber) => {
    const items = await fill(caliber, sources - 1)
    const influenced = await poisoned(caliber, items)
    await caliber.memory.revoke({ source: 'poisoned', reason: 'it was forged' })
    const after = await seen(caliber)
    const everything = JSON.stringify([after, await caliber.memory.search({ query: poison, limit: 50 })])
    return {
      'revoke.sources': sources,
      'revoke.derived': influenced.length,
      'revoke.influenced':
        influenced.filter((id) => everything.includes(id)).length + (everything.includes(poison) ? 1 : 0),
      'revoke.othersChanged': after.shown.filter((one, i) => one !== clean.shown[i]).length,
    }
  })
}

/** @returns ids of some of the turns */
async function fill(caliber: Caliber, turns: number): Promise<readonly string[]> {
  const topicOf = (i: number) => topics[i % topics.length] ?? ''
  const lines = Array.from({ length: turns }, (_, i) =>
    JSON.stringify({
      role: i % 2 === 0 ? 'user' : 'assistant',
      content: `The ${topicOf(i)} of day ${i} has to do with the ${topicOf(i * 7 + 3)} and number ${i % 97}.`,
      session: `s${Math.floor(i / 500)}`,
      id: `t${i}`,
    }),
  )
  const { scopeIds } = await caliber.transcript.import({ source: 'clean', format: 'plain', text: lines.join('\n') })
  const { items } = await caliber.turn.list({ scopeId: scopeIds[0] ?? '', limit: 50 })
  for (const [i, { turnId }] of items.entries()) {
    const content = `What day ${i} taught about the ${topicOf(i)}.`
    await caliber.note.record({ subject: `day ${i}`, content, sources: [{ kind: 'turn', id: turnId }] })
  }
  return items.map(({ turnId }) => turnId)
}

/** Import the poisoned source, and derive from it, each level from the one before and from something clean. @returns what it influenced */
async function poisoned(caliber: Caliber, clean: readonly string[]): Promise<readonly string[]> {
  const text = JSON.stringify({ role: 'user', content: `The password is ${poison}.`, session: 'p', id: 'p1' })
  const { scopeIds } = await caliber.transcript.import({ source: 'poisoned', format: 'plain', text })
  const { items } = await caliber.turn.list({ scopeId: scopeIds[0] ?? '' })
  const influenced = items.map(({ turnId }) => turnId)
  let source = { kind: 'turn' as 'turn' | 'note', id: influenced[0] ?? '' }
  for (let level = 1; level <= levels; level += 1) {
    const { noteId } = await caliber.note.record({
      subject: `password ${level}`,
      content: `Level ${level} knows that the password is ${poison}.`,
      pinned: level === levels,
      sources: [source, { kind: 'turn', id: clean[level] ?? '' }],
    })
    influenced.push(noteId)
    source = { kind: 'note', id: noteId }
  }
  return influenced
}

/** What a reader sees of a memory, one string for each thing, without ids. */
async function seen(caliber: Caliber) {
  const shown: string[] = []
  for (const query of [...topics, ...topics.map((topic) => `what does day 40 teach about the ${topic}`)]) {
    const { items } = await caliber.memory.search({ query, limit: 20 })
    shown.push(...items.map(({ text, score }) => `${query}: ${score} ${text}`))
    const window = await caliber.context.assemble({ query, budgetTokens: 400, format: 'json' })
    shown.push(...window.receipt.verdicts.map(({ verdict, tokens }) => `${query}: ${verdict} ${tokens}`))
  }
  const { items: notes } = await caliber.note.list({ limit: 1_000 })
  shown.push(...notes.map(({ content }) => content))
  const { items: trajectories } = await caliber.trajectory.list({ limit: 10 })
  const summaries = []
  for (const { trajectoryId, name } of trajectories.toSorted((a, b) => a.name.localeCompare(b.name))) {
    const { text } = await caliber.trajectory.summary({ trajectoryId })
    summaries.push(`${name}: ${text}`)
    if (text !== '') shown.push(text)
  }
  return { shown, summaries }
}
