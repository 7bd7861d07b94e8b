/** HTML that cannot forget to escape: text put into the template is escaped, other HTML is not. */
export interface Html {
  readonly html: string
}

type Piece = string | number | Html | undefined | readonly Piece[]

export function html(strings: TemplateStringsArray, ...values: readonly Piece[]): Html {
  return { html: strings.map((text, i) => text + rendered(values[i])).join('') }
}

/** Take text as HTML. Only for constants of this package. */
export function trusted(text: string): Html {
  return { html: text }
}

function rendered(piece: Piece): string {
  if (piece === undefined) return ''
  if (typeof piece === 'string') return escaped(piece)
  if (typeof piece === 'number') return String(piece)
  if ('html' in piece) return piece.html
  return piece.map(rendered).join('')
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}
