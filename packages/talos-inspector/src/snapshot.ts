/** What is on the screen: a stored graph as of one reading, with what running its module has shown. */
import type { LiveGraph, StoredGraph, StoredNode } from '@caliber/talos/stored'

export type Status = 'input' | 'fresh' | 'stale' | 'error' | 'unsaved'

export interface Row {
  readonly id: string
  readonly kind: StoredNode['kind'] | ''
  readonly status: Status
  /** JSON text, `(secret)`, or empty when nothing is stored. */
  readonly value: string
}

export interface Details extends Row {
  readonly why: string
  readonly selfMs: number | undefined
}

const SECRET = '(secret)'

export class Snapshot {
  readonly rows: readonly Row[]
  readonly staleCount: number
  readonly failingCount: number
  readonly #graph: StoredGraph
  readonly #live: LiveGraph | undefined
  readonly #failing: ReadonlyMap<string, string>
  readonly #byId: ReadonlyMap<string, Row>

  /** @param failing error texts by node, redacted where secret */
  constructor(graph: StoredGraph, live: LiveGraph | undefined, failing: ReadonlyMap<string, string>) {
    this.#graph = graph
    this.#live = live
    this.#failing = failing
    const secrets = live?.secrets() ?? new Set()
    const stored = graph.nodes().map(({ id, kind, stale, value }): Row => {
      const status = failing.has(id) ? 'error' : kind === 'input' ? 'input' : stale ? 'stale' : 'fresh'
      // Stored before it was marked: what is marked now counts.
      return { id, kind, status, value: secrets.has(id) ? SECRET : value }
    })
    const unsaved = (live?.ids() ?? [])
      .filter((id) => !graph.has(id))
      .map((id): Row => {
        return { id, kind: '', status: failing.has(id) ? 'error' : 'unsaved', value: secrets.has(id) ? SECRET : '' }
      })
    this.rows = [...stored, ...unsaved]
    this.staleCount = this.rows.filter(({ status }) => status === 'stale').length
    this.failingCount = failing.size
    this.#byId = new Map(this.rows.map((row) => [row.id, row]))
  }

  row(id: string): Row {
    return this.#byId.get(id) ?? { id, kind: '', status: 'unsaved', value: '' }
  }

  details(id: string): Details {
    return { ...this.row(id), why: this.#why(id), selfMs: this.#live?.selfMs(id) }
  }

  selfMs(id: string): number | undefined {
    return this.#live?.selfMs(id)
  }

  /** What a node read, and what read it; nothing for what is not stored. */
  neighbours(id: string): { dependencies: string[]; consumers: string[] } {
    if (!this.#graph.has(id)) return { dependencies: [], consumers: [] }
    return {
      dependencies: this.#graph.neighbours(id, 'dependencies'),
      consumers: this.#graph.neighbours(id, 'consumers'),
    }
  }

  branches(id: string, direction: 'dependencies' | 'consumers'): { id: string; depth: number; repeated: boolean }[] {
    return this.#graph.has(id) ? this.#graph.branches(id, direction) : [{ id, depth: 0, repeated: false }]
  }

  #why(id: string): string {
    const { status } = this.row(id)
    const failure = this.#failing.get(id)
    if (failure !== undefined) return `fails: ${failure}`
    if (status === 'input') return 'an input: set from outside'
    if (status === 'unsaved') return 'not stored: not computed, failed, secret, or out of date when it was saved'
    const { served, changed, uncertain } = this.#graph.why(id)
    if (served) return 'served: what it read is unchanged'
    const reasons = [...changed.map((name) => `${name} differs`), ...uncertain.map((name) => `${name} is stale`)]
    return `computed again before it is served: ${reasons.join(', ')}`
  }
}
