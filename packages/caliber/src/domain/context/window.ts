/** The shapes of context assembly: what is asked, what may go in, what came out and why. */
import type { ScopeId, TrajectoryId } from '../ids.ts'
import type { ItemKind } from '../itemKind.ts'
import type { Role } from '../turn.ts'
import type { SectionName } from './sections.ts'

export const formats = ['messages', 'markdown', 'xml', 'json'] as const
export type Format = (typeof formats)[number]

/** What a context is assembled for. */
export interface WindowRequest {
  readonly scopeId: ScopeId | null
  /** Search only in this trajectory and its scopes; null for the whole memory. */
  readonly trajectoryId: TrajectoryId | null
  readonly query: string | null
  /** The caller's own instructions; trusted and never cut. */
  readonly system: string | null
  /** Ids of items that must be in the context. */
  readonly pins: readonly string[]
  /** 0..1: nothing that is trusted less, but for pins. */
  readonly minTrust: number
  readonly budgetTokens: number
  readonly format: Format
}

/** What a window is made of: one stored item, or a summary, in a form that can be shown. */
export interface ContextItem {
  readonly id: string
  readonly kind: ItemKind | 'summary'
  /** Who said it or what it is: a role, a note's type, an artifact's name. */
  readonly origin: string
  readonly role: Role | null
  readonly at: string
  readonly text: string
  /** Of a turn: the tokens of its text, as they were counted when it was said. */
  readonly tokenCount?: number
}

/** The parts of a score, each named by the signal it comes from; missing where a signal did not speak. */
export interface Signals {
  /** BM25 score, context of neighbouring turns included. */
  readonly lexical?: number
  /** Cosine of the item's vector and the query's. */
  readonly semantic?: number
  /** The two put together: what the ranking goes by where meaning was searched. 0..1 */
  readonly fused?: number
  /** Place in the ranking, from 1. */
  readonly rank?: number
  /** Id of the note beside which it stands, because it contradicts it. */
  readonly contradicts?: string
}

/** An item that a section source proposes. The order of a source's candidates is their order of preference. */
export interface Candidate {
  readonly item: ContextItem
  readonly section: SectionName
  /** Must go in, or the whole request fails. */
  readonly required: boolean
  /** Candidates with the same block number go in or out together; higher numbers are newer. */
  readonly block?: number
  /** A near miss: shown in the receipt, never in the window. */
  readonly isWeak?: boolean
  /** The item in short: taken in its place where it does not fit. */
  readonly brief?: ContextItem
  readonly signals: Signals
}

/** Why a candidate is in or out. */
export const reasons = ['required', 'fits', 'summarised', 'over_budget', 'over_share', 'evicted_block', 'weak'] as const
export type Reason = (typeof reasons)[number]

/** The verdict on one candidate. Each candidate has exactly one. */
export interface Verdict {
  readonly id: string
  readonly kind: ContextItem['kind']
  readonly section: SectionName
  readonly verdict: 'included' | 'excluded'
  readonly reason: Reason
  /** Tokens that the item takes, or would take, in this format. */
  readonly tokens: number
  /** Place in the window, from 1; null for what is out. */
  readonly position: number | null
  readonly at: string
  readonly signals: Signals
}

/** A message as chat models take it. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

/** What a search by meaning stood on. */
export interface SemanticBasis {
  /** Whose vectors they are: the model and how many dimensions it has. */
  readonly model: string
  /** `off`: the query had no vector in time. `partial`: some items had none yet. */
  readonly coverage: 'off' | 'partial' | 'full'
  /** Names the set of items that had a vector. */
  readonly vectors: string
}

/** What stands in a window in short. */
export interface SummaryBasis {
  /** What made the summaries: the model, and how it is asked. */
  readonly model: string
  /** `off`: they were not made yet, and nothing stands in short. */
  readonly coverage: 'off' | 'full'
}

/** Why the window is what it is. */
export interface Receipt {
  readonly request: WindowRequest
  /** The memory as of this event. */
  readonly eventSeq: number
  /** The clock used for validity times. */
  readonly at: string
  readonly tokenizer: string
  /** How far meaning was searched besides words; absent where no embedding model is configured. */
  readonly semantic?: SemanticBasis
  /** Absent where everything that was wanted fits. */
  readonly summaries?: SummaryBasis
  readonly usedTokens: number
  /** Tokens per section, headings and frame included in their section; they sum up to `usedTokens`. */
  readonly sections: readonly {
    readonly name: SectionName | 'frame'
    readonly tokens: number
    readonly items: number
  }[]
  readonly totals: { readonly candidates: number; readonly included: number; readonly excluded: number }
  /** Included candidates in window order, then excluded ones in the order they were considered. */
  readonly verdicts: readonly Verdict[]
}

/** An assembled context. Its text is a string, or messages where the format is `messages`. */
export interface Window {
  readonly text: string | null
  readonly messages: readonly Message[] | null
  readonly receipt: Receipt
}

/** A window with its name: the digest of what it shows and why. */
export interface KeptWindow extends Window {
  readonly windowId: string
}
