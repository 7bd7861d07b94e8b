import { expect, test } from 'vitest'
import { printed } from './print.ts'
import { recordingTerminal } from './testing/recordingTerminal.ts'
import { cutTo, oneLine, visible, widthOf } from './visible.ts'

const id = '01890a5d-ac96-774b-bcce-b302099a8057'

test('a page is a table of what is worth a column, and says where it goes on', () => {
  const item = {
    noteId: id,
    trajectoryId: id,
    type: 'fact',
    subject: null,
    content: 'Two\nlines.',
    digest: 'ff',
    sources: [],
  }
  const at = { recordedAt: '2026-05-04T09:00:00.000Z', version: 1 }

  expect(show({ items: [{ ...item, ...at }], next: id })).toBe(
    [
      'noteId                                type  recordedAt        content',
      `${id}  fact  2026-05-04 09:00  Two lines.`,
      `next: ${id}`,
      '',
    ].join('\n'),
  )
})

test('an empty page says so, and an empty list of a record is none', () => {
  expect(show({ items: [], next: null })).toBe('nothing\n')
  expect(show({ pins: [], name: null })).toBe('pins  none\nname  -\n')
})

test('a record lists its fields, long text and inner objects below', () => {
  expect(show({ noteId: 'n', ok: true, content: 'a\nb', note: { deep: { x: 1 } }, items2: [{ a: 1 }] })).toBe(
    'noteId  n\nok      true\ncontent\n  a\n  b\nnote\n  deep\n    x  1\nitems2\n  a\n  1\n',
  )
})

test('a table is never wider than the terminal', () => {
  const items = [{ name: 'x'.repeat(300), status: 'open', count: 12 }]
  for (const width of [40, 80, 120]) {
    const lines = printed({ items }, recordingTerminal({ width })).trimEnd().split('\n')
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width)
    expect(lines[1]).toContain('…')
  }
})

test('stored text cannot steer a terminal', () => {
  expect(visible('a\u001b[31mb\u009bc\u202ed\r\ne\tf')).toBe('a\ufffd[31mb\ufffdc\ufffdd\ne\tf')
  expect(oneLine(' a \n\t b\u0007 ')).toBe('a b\ufffd')
})

test('width counts columns, not characters', () => {
  expect([widthOf('abc'), widthOf('日本'), widthOf('e\u0301'), widthOf('😀')]).toEqual([3, 4, 1, 2])
  expect([cutTo('abcdef', 4), cutTo('日本語', 5), cutTo('abc', 3)]).toEqual(['abc…', '日本…', 'abc'])
})

function show(value: unknown): string {
  return printed(value, recordingTerminal())
}
