import type { ContextItem } from '../domain/context/window.ts'
import type { RegionId } from '../domain/ids.ts'
import type { ItemKind } from '../domain/itemKind.ts'
import type { Note } from '../domain/note.ts'

/** A live item as the memory holds it. */
export interface MemoryItem extends ContextItem {
  readonly kind: ItemKind
  readonly ordinal: number
  /** What it is found by and summarised from: its text, of a turn without what it echoes. */
  readonly ownText: string
  /** 0..1 */
  readonly trust: number
  /** Tokens of its text, counted by the server. */
  readonly tokenCount: number
  readonly regionId: RegionId
  readonly trajectoryId: string | null
  /** Of a turn: where it was said. */
  readonly scopeId: string | null
  /** Of a turn: its place in the scope, from 1. */
  readonly sequence: number | null
  /** Of a note: the note. */
  readonly note: Note | null
}

/** The same item, with other words of its own. Every field in one literal, as `TenantMemory` says why. */
export function withOwnText(item: MemoryItem, ownText: string): MemoryItem {
  return {
    ordinal: item.ordinal,
    id: item.id,
    kind: item.kind,
    origin: item.origin,
    role: item.role,
    at: item.at,
    text: item.text,
    ownText,
    trust: item.trust,
    tokenCount: item.tokenCount,
    regionId: item.regionId,
    trajectoryId: item.trajectoryId,
    scopeId: item.scopeId,
    sequence: item.sequence,
    note: item.note,
  }
}

/** Octets of an item's texts. */
export function textBytesOf({ text, ownText }: MemoryItem): number {
  return (ownText === text ? text.length : text.length + ownText.length) * 2
}
