/** Drawing: a title, what is known of the node in question, a window of lines, and what to press. */
import { Box, Text, useApp, useInput, useStdout } from 'ink'
import { type ReactElement, useEffect, useReducer } from 'react'
import { Help } from './help.tsx'
import type { Inspector } from './inspector.ts'
import { keysOf } from './keys.ts'
import { detailLines, NodeDetails } from './nodeDetails.tsx'
import { NodeLine } from './nodeLine.tsx'
import { printable } from './printable.ts'
import type { Theme } from './theme.ts'
import { type Prompt, placeOf } from './view.ts'

export function Screen({ inspector, theme }: { inspector: Inspector; theme: Theme }): ReactElement {
  const { exit } = useApp()
  const [columns, rows] = useSize()
  const [, redraw] = useReducer((count: number) => count + 1, 0)
  useEffect(() => {
    inspector.onQuit = exit
    return inspector.subscribe(redraw)
  }, [inspector, exit])

  const { view, snapshot, lines } = inspector
  const place = placeOf(view)
  const details = place.kind === 'node' ? detailLines(snapshot.details(place.id), Math.floor(rows / 2), columns) : []
  const page = Math.max(1, rows - 2 - details.length)
  useInput((input, key) => {
    for (const name of keysOf(input, key)) inspector.press(name, page)
  })

  if (view.help) return <Help theme={theme} rows={rows} columns={columns} />
  const cursor = Math.max(0, Math.min(place.cursor, lines.length - 1))
  const first = windowStart(cursor, lines.length, page)
  const shown = lines.slice(first, first + page)
  return (
    <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
      <Title inspector={inspector} theme={theme} at={lines.length === 0 ? 0 : cursor + 1} />
      <NodeDetails lines={details} theme={theme} />
      <Box flexDirection="column" height={page} overflow="hidden">
        {shown.map((line, at) => (
          <NodeLine
            key={first + at}
            line={line}
            chosen={first + at === cursor}
            selfMs={snapshot.selfMs(line.id)}
            theme={theme}
            columns={columns}
          />
        ))}
        {shown.length === 0 && <Text {...theme.quiet}> Nothing here{filterOf(inspector)}.</Text>}
      </Box>
      <Foot inspector={inspector} theme={theme} />
    </Box>
  )
}

function Title({ inspector, theme, at }: { inspector: Inspector; theme: Theme; at: number }): ReactElement {
  const { view, snapshot, lines } = inspector
  const { rows, staleCount, failingCount } = snapshot
  const place = placeOf(view)
  const where = {
    list: place.kind === 'list' && place.filter !== '' ? `/${place.filter}` : 'nodes',
    node: 'node',
    tree: 'what it depends on',
    flow: 'what depends on it',
  }[place.kind]
  return (
    <Text wrap="truncate-end">
      <Text {...theme.strong}>{printable(inspector.title)}</Text>
      {`  ${printable(where)}  ${at}/${lines.length}`}
      <Text {...theme.quiet}>{`  ${rows.length} nodes, ${staleCount} stale, ${failingCount} failing`}</Text>
    </Text>
  )
}

function Foot({ inspector, theme }: { inspector: Inspector; theme: Theme }): ReactElement {
  const { prompt, message } = inspector.view
  if (message !== undefined)
    return (
      <Text wrap="truncate-end" {...theme[message.tone]}>
        {message.tone === 'error' ? '! ' : ''}
        {printable(message.text)}
      </Text>
    )
  if (prompt !== undefined) return <PromptLine prompt={prompt} />
  return (
    <Text wrap="truncate-end" {...theme.quiet}>
      ↑↓ enter backspace /filter tree flow set compute errors ?help quit
    </Text>
  )
}

function PromptLine({ prompt }: { prompt: Prompt }): ReactElement {
  const { text, at } = prompt
  // The end that is being typed stays visible: what is in front is cut.
  return (
    <Text wrap="truncate-start">
      {prompt.kind === 'filter' ? '/' : `${printable(prompt.id)} = `}
      {printable(text.slice(0, at))}
      <Text inverse>{printable(text.slice(at, at + 1)) || ' '}</Text>
      {printable(text.slice(at + 1))}
    </Text>
  )
}

function filterOf(inspector: Inspector): string {
  const place = placeOf(inspector.view)
  return place.kind === 'list' && place.filter !== '' ? ` called ${printable(place.filter)}` : ''
}

/** First line of a window that keeps the cursor near its middle. */
function windowStart(cursor: number, count: number, page: number): number {
  return Math.max(0, Math.min(cursor - Math.floor(page / 2), count - page))
}

/** One row less than there is: drawing the last one makes the terminal scroll. */
function useSize(): [columns: number, rows: number] {
  const { stdout } = useStdout()
  const [, redraw] = useReducer((count: number) => count + 1, 0)
  useEffect(() => {
    stdout.on('resize', redraw)
    return () => void stdout.off('resize', redraw)
  }, [stdout])
  return [Math.max(10, stdout.columns || 80), Math.max(3, (stdout.rows || 24) - 1)]
}
