/** The keys, on a page of their own. */
import { Box, Text } from 'ink'
import type { ReactElement } from 'react'
import type { Theme } from './theme.ts'

const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ['↑ ↓ j k', 'move; page up, page down, g, G further'],
  ['enter', 'the node: why, value, what it read (←), what read it (→)'],
  ['backspace', 'back'],
  ['/', 'filter by name; is:stale, is:fresh, is:error, is:input'],
  ['t', 'tree of what it depends on; ↑ is shown further up'],
  ['f', 'flow of what depends on it'],
  ['s', 'set an input: JSON, saved at once'],
  ['c', 'compute again (retry); needs --module'],
  ['e', 'find what fails; needs --module'],
  ['r', 'read the store again'],
  ['?', 'this page'],
  ['q', 'quit'],
]

export function Help({ theme, rows, columns }: { theme: Theme; rows: number; columns: number }): ReactElement {
  return (
    <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
      {KEYS.slice(0, rows).map(([keys, what]) => (
        <Text key={keys} wrap="truncate-end">
          <Text {...theme.strong}>{keys.padEnd(11)}</Text>
          {what}
        </Text>
      ))}
    </Box>
  )
}
