/** One node on one line. Narrow terminals lose the value first, then the kind and the time. */
import { Box, Text } from 'ink'
import type { ReactElement } from 'react'
import { printable } from './printable.ts'
import type { Theme } from './theme.ts'
import type { Line } from './view.ts'

export interface NodeLineProps {
  readonly line: Line
  readonly chosen: boolean
  readonly selfMs: number | undefined
  readonly theme: Theme
  readonly columns: number
}

const KIND_FROM_COLUMNS = 50
const VALUE_FROM_COLUMNS = 64

export function NodeLine({ line, chosen, selfMs, theme, columns }: NodeLineProps): ReactElement {
  const { status, kind, lead, id, value } = line
  const tone = status === 'unsaved' ? 'quiet' : status
  const showsValue = columns >= VALUE_FROM_COLUMNS
  return (
    <Box height={1}>
      <Cell width={2}>{chosen ? '❯ ' : '  '}</Cell>
      <Cell width={8}>
        <Text {...theme[tone]}>{status}</Text>
      </Cell>
      {columns >= KIND_FROM_COLUMNS && <Cell width={8}>{kind}</Cell>}
      <Cell width={showsValue ? Math.floor((columns - 28) * 0.5) : columns - (columns >= KIND_FROM_COLUMNS ? 27 : 10)}>
        <Text {...(chosen ? theme.strong : theme.plain)}>{`${lead}${cut(id, columns)}`}</Text>
      </Cell>
      {columns >= KIND_FROM_COLUMNS && <Cell width={9}>{selfMs === undefined ? '' : `${selfMs.toFixed(1)} ms`}</Cell>}
      {showsValue && (
        <Box flexGrow={1} flexShrink={1}>
          <Text wrap="truncate-end" {...theme.quiet}>
            {cut(value, columns)}
          </Text>
        </Box>
      )}
    </Box>
  )
}

function Cell({ width, children }: { width: number; children: ReactElement | string }): ReactElement {
  return (
    <Box width={width} flexShrink={0} paddingRight={width > 2 ? 1 : 0}>
      <Text wrap="truncate-end">{children}</Text>
    </Box>
  )
}

/** Measuring a megabyte to show 80 characters of it would be felt at every key. */
function cut(text: string, columns: number): string {
  return printable(text.slice(0, columns * 2))
}
