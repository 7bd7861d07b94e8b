/** One part of several: their text as it is where it is short, else a summary that is made once for the same texts. */
import { Gate } from '@caliber/talos'
import { CaliberError } from '../../domain/errors.ts'
import type { RegionId, TenantId } from '../../domain/ids.ts'
import { limits } from '../../domain/limits.ts'
import { isRefusal } from '../../models/refusal.ts'
import type { SummariseOptions, Summariser, Summary, SummaryKind } from '../../models/summariser.ts'
import type { Tokenizer } from '../../models/tokenizer.ts'
import { textDigest } from '../textDigest.ts'
import type { Asked, Meter } from '../use/meter.ts'
import type { Derivation, Derivations } from './derivations.ts'
import type { Part } from './summaryTree.ts'

export interface SummaryParts {
  readonly summariser: Summariser
  readonly derivations: Pick<Derivations, 'obtain' | 'find'>
  readonly meter: Pick<Meter, 'ask'>
  readonly tokenizer: Tokenizer
}

/** Where a summary stands: in which region, and what of; how long it may be. */
export interface Place {
  readonly regionId: RegionId
  readonly node: string
  /** As every summary of a tree where left out. */
  readonly maxTokens?: number
  readonly kind?: SummaryKind | undefined
  /** Of no tree: wanted for as long as windows like the one that asks. */
  readonly isForWindow?: boolean
}

/** Part of every action: change it with the code that makes summaries. */
const version = 2
/** Longer texts are not counted: hardly a text has more characters to a token, and those may be summarised. */
const mostTokenChars = 16
/** Calls of the model at once, for one tenant. */
const callsAtOnce = 4
/** Look-ups of what is kept at once: a long scope has thousands of nodes, and others need the database too. */
const lookUpsAtOnce = 4
/** Summaries for windows that are held. */
const mostForWindows = 1_000
/** Rough octets of a node: its summary, its edges, its record. */
const nodeBytes = 4_000

interface Made {
  readonly action: string
  readonly text: string
}

export class Joiner {
  readonly #tenantId: TenantId
  readonly #parts: SummaryParts
  readonly #isPast: boolean
  readonly #gate = new Gate(callsAtOnce)
  readonly #lookUps = new Gate(lookUpsAtOnce)
  /** How often the model was away. */
  #failures = 0
  readonly #closing = new AbortController()
  /** Of each node, how its summary was made last. */
  readonly #made = new Map<string, Made>()
  /** The same of what windows asked for, the oldest forgotten first. */
  readonly #madeForWindows = new Map<string, Made>()

  /** @param isPast of a memory of the past: a model is asked for nothing, what it made and is kept is all there is */
  constructor(tenantId: TenantId, parts: SummaryParts, isPast: boolean) {
    this.#tenantId = tenantId
    this.#parts = parts
    this.#isPast = isPast
  }

  /** Estimate of the octets that summaries and the nodes they stand in hold. */
  get bytes(): number {
    return (this.#made.size + this.#madeForWindows.size) * nodeBytes
  }

  /** In how many summaries a text stands. */
  residueOf(words: string): number {
    return [...this.#made.values(), ...this.#madeForWindows.values()].filter(({ text }) => text.includes(words)).length
  }

  /** Stop what is under way. */
  close(): void {
    this.#closing.abort()
  }

  /** @throws CaliberError `unavailable`; `quota_exceeded` where a summary is to be made and the tenant has used up its day */
  async join(
    { regionId, node, maxTokens = limits.summaryTokens, kind = 'summary', isForWindow = false }: Place,
    parts: readonly Part[],
    signal: AbortSignal,
  ): Promise<Part> {
    const { summariser, tokenizer } = this.#parts
    const texts = parts.map(({ text }) => text)
    const whole = texts.join('\n')
    const sources = parts.flatMap((part) => part.sources)
    if (whole.length <= maxTokens * mostTokenChars && tokenizer.count(whole) <= maxTokens)
      return { text: whole, sources }

    const action = textDigest(
      JSON.stringify([version, summariser.name, tokenizer.name, kind, maxTokens, regionId, texts]),
    )
    const held = isForWindow ? this.#madeForWindows : this.#made
    const known = held.get(node)
    if (known?.action === action && summariser.isLocal) return { text: known.text, sources: [] }
    const ending = AbortSignal.any([signal, this.#closing.signal])
    const make = () => this.#summarise(texts, { kind, maxTokens, signal: ending })
    const id = idOf(node)
    const derived = isForWindow ? ('window' as const) : ('summary' as const)
    const derivation = { id, kind: derived, regionId, action, model: summariser.name, sources, signal: ending }
    const text = await (summariser.isLocal
      ? this.#gate.run(make).then(({ answer }) => answer.text)
      : this.#keptOrMade(derivation, make)
    ).catch(asUnavailable)
    held.set(node, { action, text })
    for (const oldest of this.#madeForWindows.keys()) {
      if (this.#madeForWindows.size <= mostForWindows) break
      this.#madeForWindows.delete(oldest)
    }
    return { text, sources: summariser.isLocal ? [] : [{ id, action }] }
  }

  async #keptOrMade(derivation: Derivation, make: () => Promise<Asked<Summary>>): Promise<string> {
    const { derivations } = this.#parts
    const failures = this.#failures
    // Beside the making: what is there waits for no model.
    const kept = await this.#lookUps.run(() => derivations.find(this.#tenantId, derivation))
    if (kept !== undefined) return kept
    if (this.#isPast) throw new CaliberError('unavailable', 'The summary is not kept any more.')
    // Claimed when its turn has come: a claim runs out, and other processes look again and again while it lasts.
    return this.#gate.run(async () => {
      // A model that has gone away meanwhile is not asked for all that waited.
      if (failures !== this.#failures)
        throw new CaliberError('unavailable', 'The model is away. Try again in a moment.')
      try {
        return await derivations.obtain(this.#tenantId, derivation, make)
      } catch (error) {
        if (!derivation.signal.aborted && !isRefusal(error)) this.#failures += 1
        throw error
      }
    })
  }

  #summarise(texts: readonly string[], options: SummariseOptions): Promise<Asked<Summary>> {
    const { summariser, meter, tokenizer } = this.#parts
    return meter.ask(this.#tenantId, {
      kind: 'summary',
      model: summariser.name,
      isLocal: summariser.isLocal,
      estimate: (summary) =>
        summary.inputTokens + summary.outputTokens > 0
          ? summary
          : { inputTokens: tokenizer.count(texts.join('\n')), outputTokens: tokenizer.count(summary.text) },
      ask: (counted) => summariser.summarise(texts, { ...options, counted }),
    })
  }
}

/** Whoever asks for a summary has sent the model nothing that could be wrong. */
function asUnavailable(error: unknown): never {
  if (!isRefusal(error)) throw error
  throw new CaliberError('unavailable', error.message, error.detail, error)
}

/** A UUID (version 8, RFC 9562) that says which node a value is of. */
export function idOf(node: string): string {
  const hex = textDigest(node)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
