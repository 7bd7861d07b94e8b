/** Pieces of input and output schemas that several operations share. */
import { z } from 'zod'
import { limits } from '../domain/limits.ts'

/** An id of ours, as text. */
export const id = (noun: string) => z.uuid().describe(`Id of the ${noun}.`)

/** Text of 1 to `max` UTF-16 units. */
export const text = (max: number) => z.string().min(1).max(max)

/** A moment with an offset, such as 2026-05-01T12:00:00Z, that Postgres and JavaScript both can hold. */
export const moment = z.iso.datetime({ offset: true }).refine(
  (text) => {
    const atMs = Date.parse(text)
    const offsetHours = Number(/[+-](\d\d):\d\d$/.exec(text)?.[1] ?? 0)
    return atMs >= earliestMs && atMs <= latestMs && offsetHours < 16
  },
  { error: 'must lie in the years 1 to 9999, with an offset of less than 16 hours' },
)
const earliestMs = Date.parse('0001-01-02T00:00:00Z')
const latestMs = Date.parse('9999-12-30T00:00:00Z')

/** A day of the calendar, such as 2026-05-01, that Postgres and JavaScript both can hold. */
export const day = z.iso
  .date()
  .refine((text) => text >= '0001-01-02' && text <= '9999-12-30', { error: 'must lie in the years 1 to 9999' })

/** How many items a page holds. */
export const pageLimit = z
  .int()
  .min(1)
  .max(limits.pageItems)
  .default(limits.defaultPageItems)
  .describe('Items on one page.')

/** Where the page starts: the `next` of the page before. */
export const pageAfter = (noun: string) => z.uuid().optional().describe(`The "next" of the page before: a ${noun}.`)

/** A page, newest first; `next` is null on the last one. */
export const page = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ items: z.array(item), next: z.uuid().nullable() })

/** Cut `limit + 1` rows into a page. */
export function cutPage<Row>(
  rows: readonly Row[],
  limit: number,
  idOf: (row: Row) => string,
): { items: Row[]; next: string | null } {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, next: rows.length > limit && last !== undefined ? idOf(last) : null }
}

/** How far the origin of something is trusted. */
export const trust = z.number().min(0).max(1)

export const atLeastSeq = z.int().min(0).optional().describe('Answer as of this event or a later one.')

/** Whether a list holds what is set aside as well. */
export const quarantined = z.boolean().default(false).describe('Also those in quarantine.')

export const expectedVersion = z.int().min(1).optional().describe('The version you read; another one is refused.')
