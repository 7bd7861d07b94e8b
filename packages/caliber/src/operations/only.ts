import { CaliberError } from '../domain/errors.ts'

/** The row that `insert … returning` or `update … returning` must have returned. */
export function only<Row>(rows: readonly Row[]): Row {
  const [row] = rows
  if (row === undefined || rows.length > 1) {
    throw new CaliberError('internal', `A statement returned ${rows.length} rows instead of one. Please report this.`)
  }
  return row
}
