/** One transaction on the engine, from `begin` to its end, whoever breaks it off. */
import { CaliberError } from '../../domain/errors.ts'
import { type Sql, statement, type TransactionOptions } from '../sql.ts'
import type { Engine } from './engine.ts'

/** A transaction holds everybody else up, so one that sends no statement for this long is rolled back. */
const IDLE_LIMIT_MS = 60_000
/** A commit is a few milliseconds of disk; one that takes this long hangs. */
const COMMIT_DEADLINE_MS = 60_000

/**
 * Run `work` in a transaction of its own.
 *
 * `begin` travels with the first statement; a transaction that sends none costs nothing. As with the other drivers, a
 * statement that failed dooms the transaction, even when `work` catches the error.
 *
 * @param limitMs longest time a single statement may run
 * @throws whatever `work` throws; CaliberError `timeout` when it leaves the transaction idle
 */
export async function runTransaction<T>(
  engine: Engine,
  work: (sql: Sql) => Promise<T>,
  { readOnly = false, relaxedDurability = false }: TransactionOptions,
  limitMs: number,
): Promise<T> {
  let before: string | null = readOnly ? 'begin isolation level repeatable read read only' : 'begin'
  if (relaxedDurability) before += '; set local synchronous_commit = off'
  let state: 'open' | 'over' = 'open'
  let failure: { readonly error: unknown } | null = null
  const idle = idleLimit(IDLE_LIMIT_MS)

  const sql: Sql = async (strings, ...given) => {
    if (state === 'over')
      throw new CaliberError('internal', 'A statement came after its transaction. Please report this.')
    const { text, values } = statement(strings, given)
    const request = { kind: 'query', before, text, values: values.map(asText) } as const
    before = null
    idle.stop()
    try {
      return [...(await engine.call(request, limitMs))] as never
    } catch (error) {
      failure ??= { error }
      throw error
    } finally {
      idle.start()
    }
  }

  try {
    idle.start()
    const result = await Promise.race([work(sql), idle.expired])
    state = 'over'
    if (failure !== null) throw (failure as { readonly error: unknown }).error
    if (before !== null) return result
    const committed = engine.call({ kind: 'exec', text: 'commit', lazy: relaxedDurability }, COMMIT_DEADLINE_MS)
    // A commit without writes has nothing to fail at, and the worker keeps the order: no need to wait for it.
    if (readOnly) committed.catch(() => {})
    else await committed
    return result
  } catch (error) {
    state = 'over'
    if (before === null && engine.alive()) {
      // An engine that cannot even roll back is ended by the call itself, which rolls back as well.
      await engine.call({ kind: 'exec', text: 'rollback', lazy: false }, COMMIT_DEADLINE_MS).catch(() => {})
    }
    throw error
  } finally {
    idle.stop()
  }
}

/** Parameters travel as text; the server knows their types. */
function asText(value: string | number | boolean | null): string | null {
  return value === null ? null : String(value)
}

function idleLimit(limitMs: number) {
  let timer: NodeJS.Timeout | undefined
  let expire: (error: CaliberError) => void = () => {}
  const expired = new Promise<never>((_, reject) => {
    expire = reject
  })
  expired.catch(() => {})
  const stop = () => clearTimeout(timer)
  const start = () => {
    stop()
    timer = setTimeout(() => {
      expire(
        new CaliberError('timeout', `The transaction was idle for ${limitMs} ms and was rolled back.`, { limitMs }),
      )
    }, limitMs)
  }
  return { start, stop, expired }
}
