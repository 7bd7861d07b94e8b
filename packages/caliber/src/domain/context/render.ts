/**
 * From chosen items to text, in four formats, such that three things hold (SPEC W6–W8):
 *
 *   1. Stored text cannot close its block or open another: every format marks where an item begins and ends in a way
 *      that the item's own text, escaped or indented, cannot imitate. No nonce is needed, so equal memory gives equal bytes.
 *   2. Each piece ends with a newline and the next begins with a character that no o200k token joins to a newline,
 *      so the tokens of a window are exactly the sum over its pieces.
 *   3. An item's piece depends on the item and its section alone, so its count can be cached.
 */
import { assertNever } from './assertNever.ts'
import type { SectionName } from './sections.ts'
import { sections } from './sections.ts'
import type { ContextItem, Format } from './window.ts'

export interface Renderer {
  /** Before everything. */
  readonly begin: string
  /** After everything. */
  readonly end: string
  system(text: string): string
  query(text: string): string
  openSection(name: SectionName): string
  closeSection(name: SectionName): string
  /** An item's piece; its text alone lies between head and tail. */
  item(item: ContextItem, first: boolean): Piece
}

/** One item as it is written. */
export interface Piece {
  readonly head: string
  readonly body: string
  readonly tail: string
}

/** The renderer of a format. `messages` uses Markdown pieces inside its messages. */
export function rendererOf(format: Format): Renderer {
  switch (format) {
    case 'messages':
    case 'markdown':
      return markdown
    case 'xml':
      return xml
    case 'json':
      return jsonDocument
    default:
      return assertNever(format)
  }
}

const headings = new Map(sections.map(({ name, heading }) => [name, heading]))
const heading = (name: SectionName) => headings.get(name) ?? name

/** `2026-05-01T09:30:00.000Z` → `2026-05-01 09:30` */
const minute = (at: string) => `${at.slice(0, 10)} ${at.slice(11, 16)}`

// Every line break Unicode knows is one to some parser.
const lineBreak = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/g

const markdown: Renderer = {
  begin: '',
  end: '',
  system: (text) => `# Instructions\n${text}\n`,
  query: (text) => `## Question\n${text}\n`,
  openSection: (name) => `## ${heading(name)}\n`,
  closeSection: () => '',
  // Only our own lines start in the first column; an item's further lines are indented.
  item: ({ origin, at, text }) => ({
    head: `- [${minute(at)} ${origin}] `,
    body: text.replace(lineBreak, '$&  '),
    tail: '\n',
  }),
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escapeXml = (text: string) => text.replace(/[&<>"]/g, (character) => escapes[character] ?? character)

const xml: Renderer = {
  begin: '<context>\n',
  end: '</context>\n',
  system: (text) => `<instructions>${escapeXml(text)}</instructions>\n`,
  query: (text) => `<question>${escapeXml(text)}</question>\n`,
  openSection: (name) => `<${name}>\n`,
  closeSection: (name) => `</${name}>\n`,
  item: ({ origin, at, text }) => ({
    head: `<item from="${escapeXml(origin)}" at="${minute(at)}">`,
    body: escapeXml(text),
    tail: '</item>\n',
  }),
}

const jsonDocument: Renderer = {
  begin: '{"version":1\n',
  end: '}\n',
  system: (text) => `,"instructions":${JSON.stringify(text)}\n`,
  query: (text) => `,"question":${JSON.stringify(text)}\n`,
  openSection: (name) => `,"${name}":[\n`,
  closeSection: () => ']\n',
  item: ({ origin, at, text }, first) => ({
    head: `${first ? '' : ','}${JSON.stringify({ from: origin, at: minute(at) }).slice(0, -1)},"text":"`,
    body: JSON.stringify(text).slice(1, -1),
    tail: '"}\n',
  }),
}
