import type { Terminal } from './terminal.ts'
import { cutTo, oneLine, widthOf } from './visible.ts'

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Gives way when the line is too long; at most one column does. */
  readonly grows?: boolean
}

const gap = '  '
const narrowest = 12

/** Lay out rows under their titles. Cells are put on one line; the growing column is cut to what is left. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], terminal: Terminal): string {
  const cells = rows.map((row) => columns.map((_, i) => oneLine(row[i] ?? '')))
  const widths = columns.map(({ title }, i) => Math.max(widthOf(title), ...cells.map((row) => widthOf(row[i] ?? ''))))
  const growing = columns.findIndex(({ grows }) => grows)
  if (growing !== -1) {
    const others = widths.reduce((sum, width, i) => sum + (i === growing ? 0 : width + gap.length), 0)
    widths[growing] = Math.min(widths[growing] ?? 0, Math.max(narrowest, terminal.width - others))
  }
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => pad(cell, widths[i] ?? 0, columns[i]?.align ?? 'left'))
      .join(gap)
      .trimEnd()
  const head = terminal.style('bold', line(columns.map(({ title }) => title)))
  return [head, ...cells.map(line)].map((text) => `${text}\n`).join('')
}

function pad(cell: string, width: number, align: 'left' | 'right'): string {
  const shown = cutTo(cell, width)
  const space = ' '.repeat(Math.max(0, width - widthOf(shown)))
  return align === 'left' ? shown + space : space + shown
}
