/** What was probed and what was found, by operation, surface and credential. */
import { registry } from './product.ts'
import { surfacesOf } from './surfaces.ts'
import type { Asked } from './verdict.ts'

export interface Complaint {
  readonly where: string
  readonly what: string
}

export class Tally {
  probes = 0
  twins = 0
  /** Requests by `<surface> <operation>`, by credential, and by the code they were answered with. */
  readonly byCell = new Map<string, number>()
  readonly byCredential = new Map<string, number>()
  readonly byCode = new Map<string, number>()
  readonly complaints: Complaint[] = []
  readonly #most: number

  /** @param most complaints after which probing ends */
  constructor(most = 50) {
    this.#most = most
  }

  get isFull(): boolean {
    return this.complaints.length >= this.#most
  }

  count({ surface, credential, request, answer, twin }: Asked): void {
    this.probes += twin ? 2 : 1
    this.twins += twin ? 1 : 0
    add(this.byCell, `${surface} ${request.operation.name}`)
    add(this.byCredential, credential.name)
    add(this.byCode, answer.code)
  }

  complain({ surface, credential, request }: Asked, what: string): void {
    const sent = JSON.stringify({ input: request.input, key: request.idempotencyKey, fences: request.fences })
    this.complainOf(
      `${request.operation.name} on ${surface} as ${credential.name}`,
      `${what}\n    sent ${sent.slice(0, 600)}`,
    )
  }

  complainOf(where: string, what: string): void {
    this.complaints.push({ where, what })
  }

  /** Operations on surfaces that no probe met. */
  get unmet(): readonly string[] {
    const cells = registry.flatMap((operation) =>
      surfacesOf(operation).map((surface) => `${surface} ${operation.name}`),
    )
    return cells.filter((cell) => !this.byCell.has(cell))
  }
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
