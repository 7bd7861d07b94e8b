/**
 * Compare what was read with the digest that the database computed when it was written.
 *
 * Setting `validation: always`. A difference means that a disk, a page or somebody changed it; `caliber verify` says more.
 */
import { createHash } from 'node:crypto'
import { CaliberError } from '../domain/errors.ts'

/** `on_mutation`: digests are computed when content is written. `always`: and compared whenever it is read. */
export const validations = ['on_mutation', 'always'] as const
export type Validation = (typeof validations)[number]

/** @throws CaliberError `integrity` */
export function assertIntact(noun: string, id: string, { content, digest }: { content: string; digest: string }): void {
  if (createHash('sha256').update(content).digest('hex') === digest) return
  throw new CaliberError(
    'integrity',
    `The content of ${noun} ${id} is not what was written. Run caliber verify, and restore it from a backup.`,
    { noun, id },
  )
}

/** Check every object of an answer that has content and a digest. @throws CaliberError `integrity` */
export function assertAnswerIntact(answer: unknown): void {
  const open: unknown[] = [answer]
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue
    const { content, digest } = value as Readonly<Record<string, unknown>>
    if (typeof content === 'string' && typeof digest === 'string')
      assertIntact('item', idOf(value), { content, digest })
    open.push(...Object.values(value).filter((inner) => typeof inner === 'object' && inner !== null))
  }
}

function idOf(value: object): string {
  const [, id] = Object.entries(value).find(([name]) => name.endsWith('Id')) ?? []
  return String(id)
}
