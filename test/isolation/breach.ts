/**
 * Statements tried in somebody's name on one connection of the superuser, so that nothing stays.
 *
 * All attempts of one standing travel together: the server runs each in a subtransaction of its own and undoes it.
 */
import type postgres from 'postgres'
import { type ClaimKey, signClaims } from './product.ts'
import type { Standing } from './tableRules.ts'

/** What came of an attempt: the SQLSTATE that refused it, or the value of its last command. */
export type Outcome = { readonly refused: string } | { readonly said: unknown }

export interface Attempt {
  readonly what: string
  readonly as: Standing
  /** Run in order. The last one returns a single JSON value. */
  readonly commands: readonly string[]
  /** What is wrong with the outcome; undefined where it is as it should be. */
  fault(outcome: Outcome): string | undefined
}

export class Breach {
  readonly #admin: postgres.Sql
  readonly #key: ClaimKey
  /** Attempts made so far. */
  attempts = 0

  /** @param admin a pool of one connection */
  constructor(admin: postgres.Sql, key: ClaimKey) {
    this.#admin = admin
    this.#key = key
  }

  /** Run `work` after `change`, in a transaction that never commits. */
  async with<T>(change: string, work: () => Promise<T>): Promise<T> {
    await this.#admin.unsafe(`begin; ${change}`)
    try {
      return await work()
    } finally {
      await this.#admin.unsafe('rollback')
    }
  }

  /** Make attempts, and say what is wrong with them. */
  async *faults(attempts: readonly Attempt[]): AsyncGenerator<string> {
    for (const as of new Set(attempts.map((attempt) => attempt.as))) {
      const together = attempts.filter((attempt) => attempt.as === as)
      const outcomes = await this.#try(as, together)
      for (const [i, { what, fault }] of together.entries()) {
        const wrong = fault(outcomes[i] ?? { refused: 'nothing' })
        if (wrong !== undefined) yield `${as.name}: ${what}: ${wrong}`
      }
    }
  }

  /** What the superuser sees. */
  async look<Row>(statement: string): Promise<readonly Row[]> {
    return [...((await this.#admin.unsafe(statement)) as unknown as readonly Row[])]
  }

  async #try(as: Standing, attempts: readonly Attempt[]): Promise<readonly Outcome[]> {
    this.attempts += attempts.length
    const commands = JSON.stringify(attempts.map((attempt) => attempt.commands))
    const results = await this.#admin.unsafe(`
      savepoint attempts;
      select set_config('isolation.commands', ${quoted(commands)}, true), set_config('isolation.outcomes', '[]', true),
             set_config('role', '${as.role}', true), set_config('caliber.claims', '${this.#claims(as)}', true);
      ${trial};
      select current_setting('isolation.outcomes') as outcomes;
      rollback to attempts`)
    const rows = (results as unknown as readonly (readonly { outcomes?: string }[])[]).flat()
    return JSON.parse(rows.at(-1)?.outcomes ?? '[]') as readonly Outcome[]
  }

  #claims({ viewer, reachesAll }: Standing): string {
    if (!viewer) return ''
    const { tenantId, principalId, regions } = viewer
    return signClaims(this.#key, { tenantId, principalId, reach: reachesAll ? 'all' : (regions ?? 'own') }, Date.now())
  }
}

/** Runs what isolation.commands lists and notes what came of it. An attempt that went through is undone by raising CB999. */
const trial = `
  do $trial$
  declare
    attempt jsonb;
    command text;
    said jsonb;
    outcomes jsonb := '[]';
  begin
    for attempt in select value from jsonb_array_elements(current_setting('isolation.commands')::jsonb) loop
      begin
        for command in select value from jsonb_array_elements_text(attempt - -1) loop
          execute command;
        end loop;
        execute attempt ->> -1 into said;
        raise exception using errcode = 'CB999', message = coalesce(said, 'null')::text;
      exception when others then
        outcomes := outcomes || case when sqlstate = 'CB999' then jsonb_build_object('said', sqlerrm::jsonb)
                                     else jsonb_build_object('refused', sqlstate) end;
      end;
    end loop;
    perform set_config('isolation.outcomes', outcomes::text, true);
  end
  $trial$`

export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
