/** What is known of one node: why it is served or not, and the beginning of its value. */
import { Box, Text } from 'ink'
import type { ReactElement } from 'react'
import { printable } from './printable.ts'
import type { Details } from './snapshot.ts'
import type { Theme, Tone } from './theme.ts'

export interface DetailLine {
  readonly tone: Tone
  readonly text: string
}

/** Lines about a node, at most so many. */
export function detailLines({ status, why, value, selfMs }: Details, rows: number, columns: number): DetailLine[] {
  return [
    { tone: status === 'unsaved' ? ('quiet' as const) : status, text: why },
    ...(selfMs === undefined ? [] : [{ tone: 'quiet' as const, text: `${selfMs.toFixed(1)} ms of its own` }]),
    ...valueLines(value, rows * columns).map((text) => ({ tone: 'plain' as const, text })),
  ].slice(0, rows)
}

export function NodeDetails({ lines, theme }: { lines: readonly DetailLine[]; theme: Theme }): ReactElement {
  return (
    <Box flexDirection="column" flexShrink={0}>
      {lines.map(({ tone, text }, at) => (
        <Text key={at} wrap="truncate-end" {...theme[tone]}>
          {`  ${printable(text)}`}
        </Text>
      ))}
    </Box>
  )
}

function valueLines(value: string, limit: number): string[] {
  if (value.length > limit * 4) return [`${value.slice(0, limit)}…`, `${value.length} characters`]
  try {
    return JSON.stringify(JSON.parse(value), null, 2).split('\n')
  } catch {
    return value === '' ? [] : [value]
  }
}
