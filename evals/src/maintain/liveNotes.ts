import type { Caliber } from 'caliber'

type Note = Awaited<ReturnType<Caliber['note']['list']>>['items'][number]

/** Every live note of a memory. */
export async function liveNotes(caliber: Caliber): Promise<readonly Note[]> {
  const notes: Note[] = []
  for (let after: string | undefined; ; ) {
    const { items, next } = await caliber.note.list({ limit: 1_000, ...(after !== undefined && { after }) })
    notes.push(...items)
    if (next === null) return notes
    after = next
  }
}
