/** LoCoMo conversations as published: sessions of dated turns, questions, and the turns that answer them. */
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Unit {
  /** `D3:11`: turn 11 of session 3. */
  readonly id: string
  readonly session: string
  readonly speaker: string
  readonly text: string
  /** As published, e.g. `1:56 pm on 8 May, 2023`. */
  readonly date: string
}

export interface Question {
  /** Place among all questions of the conversation, from 0. */
  readonly number: number
  readonly question: string
  readonly category: Category
  /** Ids of the turns that answer it. */
  readonly gold: ReadonlySet<string>
}

export interface Conversation {
  readonly id: string
  readonly units: readonly Unit[]
  readonly questions: readonly Question[]
  readonly facts: readonly Observation[]
}

/** What a model noted of a session, and the turns that it says so of. */
export interface Observation {
  readonly subject: string
  readonly text: string
  readonly gold: readonly string[]
}

export const categories = { 1: 'multihop', 2: 'temporal', 3: 'openDomain', 4: 'singleHop' } as const
export type Category = (typeof categories)[keyof typeof categories]

/** Where the data lies unless told otherwise: beside the repository, never in it. */
export const defaultFolder = fileURLToPath(new URL('../../../../shared/data/locomo-dev', import.meta.url))

/** Read every conversation of a folder. @returns undefined where the folder or its JSON is absent */
export async function readConversations(folder: string): Promise<readonly Conversation[] | undefined> {
  const files = await readdir(folder).catch(() => [])
  const samples: Sample[] = []
  for (const file of files.filter((name) => name.endsWith('.json')).sort()) {
    const parsed: unknown = JSON.parse(await readFile(path.join(folder, file), 'utf8'))
    if (Array.isArray(parsed)) samples.push(...parsed.filter(isSample))
  }
  return samples.length === 0 ? undefined : samples.map(conversationOf)
}

/** When a turn was said, ISO: its session's date plus a second per turn, so that turns of a session stay in order. */
export function saidAt({ date }: Unit, offsetSeconds: number): string | undefined {
  const [, hour, minute, half, day, month, year] = /^(\d+):(\d+) (am|pm) on (\d+) (\w+), (\d+)$/.exec(date) ?? []
  if (year === undefined) return undefined
  const hours = (Number(hour) % 12) + (half === 'pm' ? 12 : 0)
  const atMs = Date.parse(`${day} ${month} ${year} ${hours}:${minute} UTC`) + offsetSeconds * 1_000
  return new Date(atMs).toISOString()
}

interface PublishedTurn {
  readonly speaker: string
  readonly dia_id: string
  readonly text: string
  readonly blip_caption?: string
}

interface Sample {
  readonly sample_id: string
  readonly conversation: Readonly<Record<string, unknown>>
  readonly observation?: unknown
  readonly qa: readonly { question: string; evidence?: unknown[]; category: number }[]
}

function isSample(value: unknown): value is Sample {
  return typeof value === 'object' && value !== null && 'sample_id' in value && 'conversation' in value && 'qa' in value
}

function conversationOf({ sample_id: id, conversation, qa, observation }: Sample): Conversation {
  const sessions = Object.keys(conversation).filter(
    (key) => /^session_\d+$/.test(key) && Array.isArray(conversation[key]),
  )
  const units = sessions.flatMap((session) =>
    (conversation[session] as PublishedTurn[]).map((turn) => ({
      id: turn.dia_id,
      session,
      speaker: turn.speaker,
      text: `${turn.speaker}: ${turn.text}${turn.blip_caption ? ` [shared image: ${turn.blip_caption}]` : ''}`,
      date: String(conversation[`${session}_date_time`]),
    })),
  )
  const known = new Set(units.map((unit) => unit.id))
  const questions = qa.flatMap(({ question, evidence, category }, number) => {
    const gold = new Set((evidence ?? []).flatMap(cleaned).filter((unit) => known.has(unit)))
    const named = categories[category as keyof typeof categories]
    return named === undefined || gold.size === 0 ? [] : [{ number, question, category: named, gold }]
  })
  return { id, units, questions, facts: observationsOf(observation) }
}

/** Published as `{ session: { speaker: [[text, id or ids]] } }`. */
function observationsOf(observation: unknown): readonly Observation[] {
  const sessions = Object.values((observation ?? {}) as Record<string, Record<string, [string, string | string[]][]>>)
  return sessions.flatMap((speakers) =>
    Object.entries(speakers).flatMap(([subject, noted]) =>
      noted.map(([text, gold]) => ({ subject, text, gold: [gold].flat().flatMap(cleaned) })),
    ),
  )
}

/** Some entries hold several ids, `D:` for `D`, or leading zeros. */
function cleaned(entry: unknown): string[] {
  return String(entry)
    .split(/[;\s]+/)
    .map((id) => id.replace(/^D:/, 'D').replace(/:0+(\d)/, ':$1'))
}
