/** The graph as data, and as DOT, Mermaid and a self-contained page. Secret values never appear. */
import { nodeOf } from '../create.ts'
import { EFFECT, FAILED, Failure, FORCE, INPUT, labelOf, type Node, STALE } from '../node.ts'
import { isSecret, REDACTED } from '../secrecy.ts'

export interface Picture {
  readonly nodes: readonly PictureNode[]
  /** From dependency to consumer, as indices into `nodes`. */
  readonly edges: readonly (readonly [number, number])[]
}

export interface PictureNode {
  readonly label: string
  readonly kind: 'input' | 'derived' | 'effect'
  readonly state: 'never' | 'known' | 'stale' | 'failed'
  /** Longest way up from an input. */
  readonly height: number
  /** A short text of the value; `(secret)` if it must not be shown. */
  readonly value: string
}

/** Describe everything the given nodes were computed from. Runs nothing. */
export function picture(roots: Iterable<object>): Picture {
  const order = topological([...roots].map((root) => nodeOf(root)))
  const indices = new Map(order.map((node, index) => [node, index]))
  const heights: number[] = []
  const edges: [number, number][] = []
  const secrets = new Map<Node, boolean>()
  const nodes = order.map((node, index) => {
    let height = 0
    for (const dependency of dependenciesOf(node)) {
      const from = indices.get(dependency) as number
      edges.push([from, index])
      height = Math.max(height, (heights[from] ?? 0) + 1)
    }
    heights.push(height)
    const value = isSecret(node, secrets) ? REDACTED : short(node)
    return { label: labelOf(node), kind: kindOf(node), state: stateOf(node), height, value }
  })
  return { nodes, edges }
}

export function toDot({ nodes, edges }: Picture): string {
  const lines = nodes.map(({ label, state }, i) => `  n${i} [label=${quote(label)}, class=${quote(state)}];`)
  return ['digraph talos {', '  rankdir=LR;', ...lines, ...edges.map(([a, b]) => `  n${a} -> n${b};`), '}', ''].join(
    '\n',
  )
}

export function toMermaid({ nodes, edges }: Picture): string {
  const text = (label: string) => `"${label.replace(/[^\w .,:()+*/-]/g, (c) => `#${c.codePointAt(0)};`)}"`
  const lines = nodes.map(({ label }, i) => `  n${i}[${text(label)}]`)
  return ['flowchart LR', ...lines, ...edges.map(([a, b]) => `  n${a} --> n${b}`), ''].join('\n')
}

/** One file, no script, nothing loaded from elsewhere; every text is escaped. */
export function toHtml({ nodes, edges }: Picture): string {
  const columns = new Map<number, number>()
  const places = nodes.map(({ height }) => {
    const row = columns.get(height) ?? 0
    columns.set(height, row + 1)
    return { x: 20 + height * 200, y: 20 + row * 56 }
  })
  const width = 220 + Math.max(0, ...places.map(({ x }) => x))
  const depth = 80 + Math.max(0, ...places.map(({ y }) => y))
  const arrows = edges.map(([a, b]) => {
    const from = places[a] as { x: number; y: number }
    const to = places[b] as { x: number; y: number }
    return `<path d="M${from.x + 160} ${from.y + 20} C${from.x + 180} ${from.y + 20} ${to.x - 20} ${to.y + 20} ${to.x} ${to.y + 20}"/>`
  })
  const boxes = nodes.map(({ label, kind, state, value }, i) => {
    const { x, y } = places[i] as { x: number; y: number }
    const title = `<title>${escape(`${label}: ${value}`)}</title>`
    const cut = (text: string) => escape(text.length > 22 ? `${text.slice(0, 21)}…` : text)
    return `<g class="${kind} ${state}">${title}<rect x="${x}" y="${y}" width="160" height="40" rx="4"/><text x="${x + 8}" y="${y + 17}">${cut(label)}</text><text class="value" x="${x + 8}" y="${y + 33}">${cut(value)}</text></g>`
  })
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Graph</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body{font:13px system-ui;margin:0}path{fill:none;stroke:#999}rect{fill:#eef3fb;stroke:#68a}.input rect{fill:#e9f7ec}.failed rect{fill:#fde8e8}.stale rect{stroke-dasharray:4}.value{fill:#666;font-size:11px}</style></head>
<body><svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${depth}">${arrows.join('')}${boxes.join('')}</svg></body></html>
`
}

/** Dependencies before consumers. Iterative. */
function topological(roots: readonly Node[]): Node[] {
  const order = new Set<Node>()
  const open = new Set<Node>()
  const pending = roots.toReversed()
  for (let node = pending.at(-1); node !== undefined; node = pending.at(-1)) {
    const missing = order.has(node) ? [] : dependenciesOf(node).filter((below) => !order.has(below) && !open.has(below))
    if (missing.length > 0) {
      open.add(node)
      pending.push(...missing.toReversed())
      continue
    }
    pending.pop()
    order.add(node)
  }
  return [...order]
}

function dependenciesOf(node: Node): Node[] {
  return node.trace.filter((_, at) => at % 2 === 0) as Node[]
}

function kindOf(node: Node): PictureNode['kind'] {
  return (node.flags & INPUT) !== 0 ? 'input' : (node.flags & EFFECT) !== 0 ? 'effect' : 'derived'
}

function stateOf(node: Node): PictureNode['state'] {
  if ((node.flags & FAILED) !== 0) return 'failed'
  if ((node.flags & STALE) !== 0) return 'stale'
  return (node.flags & FORCE) !== 0 ? 'never' : 'known'
}

function short(node: Node): string {
  const { value } = node
  if ((node.flags & (EFFECT | FORCE)) !== 0) return ''
  if (value instanceof Failure) return String(value.error)
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 200))
  if (typeof value !== 'object' || value === null) return String(value)
  return Array.isArray(value) ? `Array(${value.length})` : (value.constructor?.name ?? 'Object')
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n')}"`
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}
