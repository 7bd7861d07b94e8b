/**
 * The negative control: every policy and every trigger is dropped or opened in turn, and what is tried must notice.
 *
 * One that is not noticed may be redundant: then it is listed here with the reason, and a reason that no longer holds is
 * a fault like any other.
 */
import type { Breach } from './breach.ts'
import { guardAttempts } from './guards.ts'
import { attemptsOn, type Town } from './siege.ts'

export interface Mutant {
  readonly name: string
  readonly table: string
  readonly change: string
}

export interface Verdict {
  readonly mutant: Mutant
  /** What noticed it; undefined where nothing did. */
  readonly noticed: string | undefined
  /** What is wrong: nothing noticed it and no reason is known, or a reason is known that does not hold. */
  readonly complaint: string | undefined
}

/** Every way to take a policy or a trigger away, or to make a policy say yes. */
export async function mutantsOf(breach: Breach): Promise<readonly Mutant[]> {
  const policies = await breach.look<{ table: string; name: string; qual: string | null; check: string | null }>(`
    select tablename as "table", policyname as name, qual, with_check as check from pg_policies where schemaname = 'caliber' order by 1, 2`)
  const triggers = await breach.look<{ table: string; name: string }>(`
    select c.relname as "table", t.tgname as name from pg_trigger t join pg_class c on c.oid = t.tgrelid
    join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'caliber' and not t.tgisinternal order by 1, 2`)
  return [
    ...policies.flatMap(({ table, name, qual, check }) => {
      const of = `${name} on caliber.${table}`
      const says = (clause: string | null) => clause !== null && clause !== 'true'
      return [
        { name: `policy ${table}.${name} dropped`, table, change: `drop policy ${of}` },
        ...(says(qual)
          ? [{ name: `policy ${table}.${name} using (true)`, table, change: `alter policy ${of} using (true)` }]
          : []),
        ...(says(check)
          ? [
              {
                name: `policy ${table}.${name} with check (true)`,
                table,
                change: `alter policy ${of} with check (true)`,
              },
            ]
          : []),
      ]
    }),
    ...triggers.flatMap(({ table, name }) => [
      { name: `trigger ${table}.${name} dropped`, table, change: `drop trigger ${name} on caliber.${table}` },
      {
        name: `trigger ${table}.${name} disabled`,
        table,
        change: `alter table caliber.${table} disable trigger ${name}`,
      },
    ]),
  ]
}

/** Try one mutant, and stop at the first thing that notices it. */
export async function tryMutant(breach: Breach, town: Town, mutant: Mutant): Promise<Verdict> {
  const noticed = await breach.with(mutant.change, () => firstFault(breach, town, mutant.table))
  const reason = redundant.find(([pattern]) => pattern.test(mutant.name))?.[1]
  if (noticed === undefined && reason === undefined)
    return { mutant, noticed, complaint: `nothing noticed: ${mutant.name}` }
  if (noticed !== undefined && reason !== undefined) {
    return { mutant, noticed, complaint: `${mutant.name} was noticed (${noticed}), though ${reason}` }
  }
  return { mutant, noticed, complaint: undefined }
}

async function firstFault(breach: Breach, town: Town, tableName: string): Promise<string | undefined> {
  const table = town.tables.find(({ name }) => name === tableName)
  if (table) for await (const fault of breach.faults(attemptsOn(town, table))) return fault
  for await (const fault of breach.faults(guardAttempts(town))) return fault
  return undefined
}

const redundant: readonly (readonly [RegExp, string])[] = [
  [/^policy (turn|artifact_revision)\.changes /, 'the role that serves may not update this table at all'],
  [
    /^policy (derivation|distrust|erasure|event|event_head|lineage|lock|lock_share|quarantine|usage)\.wall with check/,
    'written by functions alone, which write the claimed tenant',
  ],
  [/^policy embedding\.owner /, 'what forgetting would leave without it is seen by operations/semantic.pg.test.ts'],
  [/^trigger erasure\.erase_derivations /, 'what would stay of a summary is seen by operations/summaries.pg.test.ts'],
  [
    /^trigger erasure\.erase_item_vectors /,
    'what would stay of a vector is seen by operations/storedVectors.pg.test.ts',
  ],
  [
    /^policy item_vector\.owner /,
    'what forgetting would leave without it is seen by operations/storedVectors.pg.test.ts',
  ],
  [/^policy derivation\.owner /, 'without it nothing is derived, which operations/summaries.pg.test.ts sees'],
  [/^policy model_use\.owner /, 'what a sweep would delete without it is seen by operations/sweep.pg.test.ts'],
  [/^policy usage\.owner /, 'without it nothing is counted, which operations/usage.pg.test.ts sees'],
  [/^policy principal\.owner /, 'no function of the owner reads this table yet'],
]
