/**
 * Ask models for tenants: no tenant beyond its limit of tokens a day, and everything that a provider counted is counted here.
 *
 * Before a model is asked, what the tenant may use is compared with what it has used today: the rows of the database, and what
 * this process used since it looked at them. It looks again after `freshMs`, or when it has used an eighth of what was left. As
 * nobody knows beforehand what a provider will count, calls that are under way at the limit end beyond it: of one process a batch
 * of items, a few summaries, questions. Of several processes each may also use an eighth of what was left as it looked
 * last without knowing of the others.
 *
 * Use is stored in the transaction of what was made by it (`storing`). What nothing is kept of, such as the vector of a
 * question or an answer that was of no use, is added up and stored behind (`countBehind`): a crash loses the last second of it.
 */
import type { Sessions } from '../../db/session.ts'
import type { Sql, TransactionOptions } from '../../db/sql.ts'
import { CaliberError } from '../../domain/errors.ts'
import type { TenantId } from '../../domain/ids.ts'
import { type ModelUse, together, tokensOf, type UseKind } from '../../domain/modelUse.ts'
import { operatorOf } from '../../domain/tenant.ts'
import { countOf, type TokenCount } from '../../models/tokenCount.ts'
import { waitBehind } from '../waitBehind.ts'
import { addUse, readToday, type Today } from './useStore.ts'

/** How a model is to be asked for something. */
export interface Asking<T> {
  readonly kind: UseKind
  readonly model: string
  /** It costs nothing: no limit holds it back, and nothing is counted. */
  readonly isLocal: boolean
  /** What an answer took, where the provider did not say. */
  estimate(answer: T): TokenCount
  ask(counted: (tokens: TokenCount) => void): Promise<T>
}

/** An answer, and what it took, which is still to be stored; undefined for a local model. */
export interface Asked<T> {
  readonly answer: T
  readonly use: ModelUse | undefined
}

export interface MeterOptions {
  now(): Date
  /** Wait before what is counted behind is stored. Rejects when the signal aborts. */
  wait?(ms: number, signal: AbortSignal): Promise<void>
}

/** How long a tenant's day in the database is taken to be what it was, unless this process uses much of what was left. */
const freshMs = 5_000
const lookAgainShare = 1 / 8
/** What is counted behind is stored after so long, all of a tenant's at once. */
const behindMs = 1_000
/** Tenants with use that is not stored yet: beyond, no model is asked before some of it is. */
const mostBehind = 1_000
/** Tenants whose day is known, the least recently asked for forgotten first. */
const mostKnown = 10_000

interface Account {
  today: Today
  readAtMs: number
  /** What this process used that may not be in `today`, and how much of it is reason to look again. */
  sinceTokens: number
  lookAgainTokens: number
  /** What it used that no row holds yet. */
  unstoredTokens: number
  /** Calls under way. */
  calls: number
  /** The look under way; everybody who asks shares it. */
  reading: Promise<void> | undefined
}

export class Meter {
  readonly #sessions: Sessions
  readonly #now: () => Date
  readonly #wait: NonNullable<MeterOptions['wait']>
  readonly #closing = new AbortController()
  // Insertion order is order of use.
  readonly #accounts = new Map<TenantId, Account>()
  /** By tenant, then by kind and model. */
  readonly #behind = new Map<TenantId, Map<string, ModelUse>>()
  #storingBehind: Promise<void> | undefined

  constructor(sessions: Sessions, { now, wait = waitBehind }: MeterOptions) {
    this.#sessions = sessions
    this.#now = now
    this.#wait = wait
  }

  /**
   * Check that a tenant may ask a model now.
   *
   * @throws CaliberError `quota_exceeded`, with `retryAfterMs` in its detail; `unavailable` while the database is
   */
  async assertLeft(tenantId: TenantId): Promise<void> {
    await this.#admitted(tenantId)
  }

  /**
   * Ask a model. Whoever gets the answer hands its use to {@link storing} or {@link countBehind}; what a call took that failed is
   * counted behind, as far as the provider said it.
   *
   * @throws CaliberError as {@link assertLeft} does, then the model is not asked; and what asking throws
   */
  async ask<T>(tenantId: TenantId, asking: Asking<T>): Promise<Asked<T>> {
    const none = () => undefined
    if (asking.isLocal) return { answer: await asking.ask(none), use: undefined }
    const account = await this.#admitted(tenantId)
    account.calls += 1
    let use: ModelUse | undefined
    let isOver = false
    const counted = ({ inputTokens, outputTokens }: TokenCount) => {
      const { kind, model } = asking
      const more = { kind, model, calls: 1, inputTokens: countOf(inputTokens), outputTokens: countOf(outputTokens) }
      account.sinceTokens += tokensOf(more)
      account.unstoredTokens += tokensOf(more)
      // What is told too late is no part of an answer any more.
      if (isOver) this.countBehind(tenantId, more)
      else use = together(use, more)
    }
    try {
      const answer = await asking.ask(counted)
      if (!use) counted(asking.estimate(answer))
      return { answer, use }
    } catch (error) {
      this.countBehind(tenantId, use)
      throw error
    } finally {
      isOver = true
      account.calls -= 1
    }
  }

  /**
   * Run the work that stores use together with what was made by it. Where that fails, what was made is lost and the use is
   * not: it is counted behind. (So is that of a commit whose answer was lost: twice rather than not at all.)
   */
  async storing<T>(tenantId: TenantId, use: ModelUse | undefined, work: () => Promise<T>): Promise<T> {
    try {
      const kept = await work()
      this.#stored(tenantId, use)
      return kept
    } catch (error) {
      this.countBehind(tenantId, use)
      throw error
    }
  }

  /** Store use soon. */
  countBehind(tenantId: TenantId, use: ModelUse | undefined): void {
    if (!use) return
    const uses = this.#behind.get(tenantId) ?? new Map<string, ModelUse>()
    const key = `${use.kind} ${use.model}`
    uses.set(key, together(uses.get(key), use) ?? use)
    this.#behind.set(tenantId, uses)
    if (!this.#closing.signal.aborted) this.#storingBehind ??= this.#storeSoon()
  }

  /** Store what was counted. Called when nobody asks any more. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#storingBehind
    await this.#storeBehind()
  }

  /** The account of a tenant that may ask a model now. */
  async #admitted(tenantId: TenantId): Promise<Account> {
    if (this.#behind.size >= mostBehind) await this.#storeBehind()
    if (this.#behind.size >= mostBehind) {
      throw new CaliberError('unavailable', 'What models were asked cannot be stored now. Try again in a moment.')
    }
    const account = await this.#account(tenantId)
    const { today, sinceTokens, readAtMs } = account
    if (leftOf(today, sinceTokens) > 0) return account
    const { limitTokens, endsAt } = today
    const usedTokens = today.usedTokens + sinceTokens
    const retryAfterMs = Math.max(0, today.leftMs - (this.#now().getTime() - readAtMs))
    throw new CaliberError(
      'quota_exceeded',
      `Models used ${usedTokens} of this tenant's ${limitTokens} tokens a day; none is asked before ${endsAt}. Wait until then, or ask the operator for a higher limit.`,
      { limitTokens, usedTokens, endsAt, retryAfterMs },
    )
  }

  async #account(tenantId: TenantId): Promise<Account> {
    const account = this.#accounts.get(tenantId) ?? newAccount()
    this.#accounts.delete(tenantId)
    this.#accounts.set(tenantId, account)
    if (this.#isStale(account)) {
      account.reading ??= this.#read(tenantId, account).finally(() => {
        account.reading = undefined
      })
      await account.reading
    }
    this.#forgetOldest()
    return account
  }

  async #read(tenantId: TenantId, account: Account): Promise<void> {
    const readAtMs = this.#now().getTime()
    // Whether these come to be in what is read is not known: counted twice for a moment rather than not at all.
    const { sinceTokens, unstoredTokens } = account
    const today = await this.#as(tenantId, readToday, { readOnly: true })
    if (!today) throw new CaliberError('not_found', `There is no tenant ${tenantId}.`, { tenantId })
    account.today = today
    account.readAtMs = readAtMs
    account.sinceTokens = unstoredTokens + account.sinceTokens - sinceTokens
    account.lookAgainTokens = unstoredTokens + leftOf(today, unstoredTokens) * lookAgainShare
  }

  #isStale({ today, readAtMs, sinceTokens, lookAgainTokens }: Account): boolean {
    if (this.#now().getTime() - readAtMs >= freshMs) return true
    // Who has nothing left by its own count need not look for what others used.
    return sinceTokens > lookAgainTokens && leftOf(today, sinceTokens) > 0
  }

  #forgetOldest(): void {
    for (const [tenantId, { unstoredTokens, calls, reading }] of this.#accounts) {
      if (this.#accounts.size <= mostKnown) return
      if (unstoredTokens === 0 && calls === 0 && !reading) this.#accounts.delete(tenantId)
    }
  }

  #stored(tenantId: TenantId, use: ModelUse | undefined): void {
    const account = this.#accounts.get(tenantId)
    if (account && use) account.unstoredTokens -= tokensOf(use)
  }

  async #storeSoon(): Promise<void> {
    await this.#wait(behindMs, this.#closing.signal).catch(() => undefined)
    await this.#storeBehind()
    this.#storingBehind = undefined
    if (this.#behind.size > 0 && !this.#closing.signal.aborted) this.#storingBehind = this.#storeSoon()
  }

  async #storeBehind(): Promise<void> {
    const due = new Map(this.#behind)
    // What is counted from here on is the next time's.
    this.#behind.clear()
    for (const [tenantId, uses] of due) {
      // In one order, so that no two processes wait for each other's rows.
      const ordered = [...uses].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, use]) => use)
      const add = async (sql: Sql) => {
        for (const use of ordered) await addUse(sql, use)
      }
      try {
        await this.#as(tenantId, add, { relaxedDurability: true })
        for (const use of ordered) this.#stored(tenantId, use)
      } catch (error) {
        // What the database will never take must not be offered for ever.
        const isWorthRepeating = error instanceof CaliberError && error.retryable
        if (isWorthRepeating && !this.#closing.signal.aborted) {
          for (const use of ordered) this.countBehind(tenantId, use)
        } else for (const use of ordered) this.#stored(tenantId, use)
      }
    }
  }

  #as<T>(tenantId: TenantId, work: (sql: Sql) => Promise<T>, options: TransactionOptions): Promise<T> {
    return this.#sessions.run({ tenantId, principalId: operatorOf(tenantId), reach: 'all' }, work, options)
  }
}

function leftOf({ limitTokens, usedTokens }: Today, sinceTokens: number): number {
  return limitTokens === null ? Number.POSITIVE_INFINITY : limitTokens - usedTokens - sinceTokens
}

function newAccount(): Account {
  const today = { limitTokens: null, usedTokens: 0, endsAt: '', leftMs: 0 }
  const none = { sinceTokens: 0, lookAgainTokens: 0, unstoredTokens: 0, calls: 0 }
  return { today, readAtMs: Number.NEGATIVE_INFINITY, ...none, reading: undefined }
}
