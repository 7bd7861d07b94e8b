/**
 * Any answer of any operation, for people: a page is a table, an entity a list of its fields, long text stands below.
 *
 * Nothing here knows an operation: a new one is printed without a line of its own.
 */
import { type Column, table } from './table.ts'
import type { Terminal } from './terminal.ts'
import { oneLine, visible } from './visible.ts'

/** Print a JSON value readably. */
export function printed(value: unknown, terminal: Terminal): string {
  if (Array.isArray(value)) return printedItems(value, terminal)
  if (isRecord(value)) return isPage(value) ? printedPage(value, terminal) : printedRecord(value, terminal)
  return `${scalar(value)}\n`
}

/** `2026-05-01T09:30:00.000Z` → `2026-05-01 09:30` */
export function minute(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 16)}`
}

type Fields = Readonly<Record<string, unknown>>

interface Page extends Fields {
  readonly items: readonly unknown[]
}

function printedPage({ items, ...rest }: Page, terminal: Terminal): string {
  const footer = Object.entries(rest).filter(([, value]) => value !== null)
  const below = footer.map(([name, value]) => `${terminal.style('dim', `${name}: ${scalar(value)}`)}\n`).join('')
  return printedItems(items, terminal) + below
}

function printedItems(items: readonly unknown[], terminal: Terminal): string {
  if (items.length === 0) return `${terminal.style('dim', 'nothing')}\n`
  if (!items.every(isRecord)) return items.map((item) => `${scalar(item)}\n`).join('')
  const fields = columnsFor(items, terminal.width)
  const columns = fields.map(
    (field): Column => ({
      title: field,
      align: items.every((item) => typeof item[field] === 'number') ? 'right' : 'left',
      grows: field === fields.at(-1),
    }),
  )
  return table(
    columns,
    items.map((item) => fields.map((field) => cell(item[field]))),
    terminal,
  )
}

function printedRecord(record: Fields, terminal: Terminal, indent = ''): string {
  const entries = Object.entries(record)
  const isBlock = ([, value]: [string, unknown]) => isNested(value) || isLong(value, terminal.width)
  const short = entries.filter((entry) => !isBlock(entry))
  const nameWidth = Math.max(0, ...short.map(([name]) => name.length))
  const lines = short.map(
    ([name, value]) => `${indent}${terminal.style('bold', name.padEnd(nameWidth))}  ${scalar(value)}\n`,
  )
  const blocks = entries.filter(isBlock).map(([name, value]) => {
    const title = `${indent}${terminal.style('bold', name)}\n`
    if (isRecord(value)) return title + printedRecord(value, terminal, `${indent}  `)
    const body = typeof value === 'string' ? `${visible(value).trimEnd()}\n` : printed(value, terminal)
    return title + body.replaceAll(/^(?=.)/gm, `${indent}  `)
  })
  return [...lines, ...blocks].join('')
}

/** Fields that say more to a program than to a person in a list. */
const unlisted: ReadonlySet<string> = new Set(['digest', 'version', 'createdBy', 'recordedBy', 'principalId'])
/** What a person reads an item for, where it has one of them. */
const telling = ['content', 'text', 'name', 'message']
const tellingWidth = 30
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-/

/**
 * The fields of a list that are worth a column, as far as the width goes: its own id, then what is short, and what it
 * says last, where it may grow.
 */
function columnsFor(items: readonly Fields[], width: number): readonly string[] {
  const names = [...new Set(items.flatMap((item) => Object.keys(item)))].filter(
    (name) =>
      !unlisted.has(name) && items.some((item) => item[name] !== null) && !items.some((item) => isObject(item[name])),
  )
  const isId = (name: string) => items.some((item) => uuid.test(String(item[name])))
  const widest = (name: string) => Math.max(name.length, ...items.map((item) => cell(item[name]).length))
  const [ownId] = names.filter(isId)
  const text = telling.find((name) => names.includes(name))
  let left = width - (text === undefined ? 0 : Math.min(widest(text), tellingWidth))
  const chosen = names.filter((name) => {
    if (name === text || (isId(name) && name !== ownId) || widest(name) + 2 > left) return false
    left -= widest(name) + 2
    return true
  })
  return text === undefined ? chosen : [...chosen, text]
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '-'
  // A cell is one line of a terminal; a turn may hold a million characters.
  if (typeof value === 'string') return isTime(value) ? minute(value) : oneLine(value.slice(0, 500))
  return String(value)
}

function scalar(value: unknown): string {
  if (value === null || value === undefined) return '-'
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(scalar).join(', ')
  return typeof value === 'string' ? visible(value) : typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(text)
}

function isLong(value: unknown, width: number): boolean {
  return typeof value === 'string' && (value.length > width - 24 || value.includes('\n'))
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

/** Worth a block of its own: an object, or a list of objects. */
function isNested(value: unknown): boolean {
  return Array.isArray(value) ? value.some(isRecord) : isRecord(value)
}

function isPage(value: Fields): value is Page {
  return Array.isArray(value['items'])
}

function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
