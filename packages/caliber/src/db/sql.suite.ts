/**
 * The conformance suite of the database port: what every driver must do, whatever stands behind it.
 *
 * A driver's own test file calls {@link sqlSuite}; what only that driver promises is tested beside it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bytes, type Database, json, type Sql, texts, uuids } from './sql.ts'

/** Open the database under test; every call sees the same data. */
export type OpenDatabase = (options: { readonly statementTimeoutMs: number }) => Promise<Database>

export function sqlSuite(name: string, open: OpenDatabase): void {
  describe(`${name}: the database port`, () => {
    let db: Database
    const one = async <Row extends object>(work: (sql: Sql) => Promise<Row[]>): Promise<Row> => {
      const [row] = await db.transaction(work)
      if (!row) throw new Error('no row came back')
      return row
    }

    beforeAll(async () => {
      db = await open({ statementTimeoutMs: 30_000 })
      await db.script(`
        drop schema if exists port_suite cascade;
        create schema port_suite;
        create table port_suite.item (id int primary key, text text not null);
        create table port_suite.part (item_id int not null references port_suite.item);
        create table port_suite.late (id int unique deferrable initially deferred);
      `)
    })
    afterAll(async () => {
      await db?.script('drop schema if exists port_suite cascade')
      await db?.close()
    })

    describe('parameters', () => {
      const hostile = [
        '',
        ' ',
        "'",
        "''; drop table port_suite.item; --",
        '"quoted" \\ back\\slash \\n',
        '$1 $2 $$ $tag$ ::text',
        'line\nbreak\ttab\r',
        'zażółć 漢字 🦊 \u202e rtl e\u0301',
        '{a,b} [1] NULL null',
      ]
      test.each(hostile)('the string %j arrives as itself', async (text) => {
        const row = await one(
          (sql) => sql<{ v: string; n: number }>`select ${text}::text as v, length(${text}::text) as n`,
        )
        expect(row).toEqual({ v: text, n: [...text].length })
        expect(await one((sql) => sql`select count(*) as n from port_suite.item`)).toEqual({ n: 0 })
      })

      test('a megabyte of text makes the round trip', async () => {
        const text = 'grüß '.repeat(200_000)
        const row = await one(
          (sql) => sql<{ v: string; n: number }>`select ${text}::text as v, octet_length(${text}::text) as n`,
        )
        expect(row.v === text).toBe(true)
        expect(row.n).toBe(new TextEncoder().encode(text).length)
      })

      test('numbers, booleans and nulls take the type of their place', async () => {
        const row = await one(
          (sql) => sql`
            select ${7}::int as i, ${-1.5}::float8 as f, ${2 ** 53 - 1}::int8 as big, ${true}::boolean as yes,
              ${false}::boolean as no, ${null}::text as nothing, ${'2.50'}::numeric as exact, ${3} = 3 as equal`,
        )
        expect(row).toEqual({
          i: 7,
          f: -1.5,
          big: 2 ** 53 - 1,
          yes: true,
          no: false,
          nothing: null,
          exact: '2.50',
          equal: true,
        })
      })

      test('one statement takes 500 parameters in order', async () => {
        const values = Array.from({ length: 500 }, (_, i) => `value ${i}`)
        const strings = Object.assign(['select array[', ...values.slice(1).map(() => '::text, '), '::text] as v'], {
          raw: [],
        })
        expect(await one((sql) => sql(strings, ...values))).toEqual({ v: values })
      })
    })

    describe('values', () => {
      test('int8 comes back as a number up to 2^53 and is an error beyond', async () => {
        const limit = 2 ** 53 - 1
        const row = await one(
          (sql) => sql`select ${String(limit)}::int8 as high, ${String(-limit)}::int8 as low, null::int8 as n`,
        )
        expect(row).toEqual({ high: limit, low: -limit, n: null })
        await expect(one((sql) => sql`select 9007199254740993::int8 as v`)).rejects.toMatchObject({ code: 'internal' })
        expect(await one((sql) => sql`select 1 as v`)).toEqual({ v: 1 })
      })

      test('numeric stays a string, with its scale', async () => {
        const digits = '12345678901234567890.000000000010'
        expect(await one((sql) => sql`select ${digits}::numeric as v, null::numeric as n`)).toEqual({
          v: digits,
          n: null,
        })
      })

      test('timestamptz comes back as ISO 8601 in UTC with milliseconds', async () => {
        const row = await one(
          (sql) => sql`
            select ${'2026-02-28T23:59:59.123Z'}::timestamptz as exact, ${'2026-07-01 12:00:00+05:30'}::timestamptz as offset,
              '1970-01-01 00:00:00.000999+00'::timestamptz as micros, null::timestamptz as n`,
        )
        expect(row).toEqual({
          exact: '2026-02-28T23:59:59.123Z',
          offset: '2026-07-01T06:30:00.000Z',
          micros: '1970-01-01T00:00:00.000Z',
          n: null,
        })
      })

      const documents: unknown[] = [
        null,
        'a "string" with \\ and \n',
        '',
        0,
        -1.25e-7,
        true,
        [],
        {},
        [1, [2, [3, null]]],
        { deep: { er: [{ 'key "k"': 'v' }] }, unicode: 'é\u2028🦊', escaped: '\\u0041' },
        'it\'s {"not": "parsed twice"}',
      ]
      test.each(documents)('the JSON document %j makes the round trip', async (document) => {
        const row = await one((sql) => sql`select ${json(document)} as v, ${json({ in: document })} -> 'in' as inner`)
        expect(row).toEqual({ v: document, inner: document })
      })

      test('json, jsonb and SQL null come back apart', async () => {
        const row = await one((sql) => sql`select '{"a":[1,"x"]}'::json as j, '"text"'::jsonb as s, null::jsonb as n`)
        expect(row).toEqual({ j: { a: [1, 'x'] }, s: 'text', n: null })
      })

      test('bytea makes the round trip as Uint8Array', async () => {
        const every = Uint8Array.from({ length: 256 }, (_, i) => i)
        const row = await one(
          (sql) => sql<{ v: Uint8Array; empty: Uint8Array; n: null }>`
            select ${bytes(every)} as v, ${bytes(new Uint8Array())} as empty, ${bytes(null)} as n`,
        )
        expect(row.v).toBeInstanceOf(Uint8Array)
        expect([...row.v]).toEqual([...every])
        expect([...row.empty]).toEqual([])
        expect(row.n).toBeNull()
      })

      test('arrays of text and uuid make the round trip', async () => {
        const words = ['', 'a,b', '"q"', '\\', '{}', 'NULL', 'null', ' spaced ', 'grüß 🦊', "it's", 'two\nlines']
        const ids = ['00000000-0000-4000-8000-000000000001', 'ffffffff-ffff-4fff-bfff-ffffffffffff']
        const row = await one(
          (sql) => sql`
            select ${texts(words)} as words, ${uuids(ids)} as ids, ${texts([])} as none, ${uuids([])} as no_ids,
              array['a', null]::text[] as with_null, null::text[] as n,
              ${ids[0] ?? ''}::uuid = any(${uuids(ids)}) as found`,
        )
        expect(row).toEqual({ words, ids, none: [], no_ids: [], with_null: ['a', null], n: null, found: true })
      })

      test('rows come in order, and no rows as an empty list', async () => {
        const rows = await db.transaction((sql) => sql`select i from generate_series(1, 1000) as i order by i desc`)
        expect(rows.map((row) => row['i'])).toEqual(Array.from({ length: 1000 }, (_, i) => 1000 - i))
        expect(await db.transaction((sql) => sql`select 1 as v where false`)).toEqual([])
        expect(await db.transaction((sql) => sql`create table port_suite.fresh ()`)).toEqual([])
      })
    })

    describe('transactions', () => {
      test('what work returns comes back, and what it wrote stays', async () => {
        const returned = await db.transaction(async (sql) => {
          await sql`insert into port_suite.item values (1, 'kept')`
          return { answer: 42 }
        })
        expect(returned).toEqual({ answer: 42 })
        expect(await one((sql) => sql`select text from port_suite.item where id = 1`)).toEqual({ text: 'kept' })
      })

      test('an error thrown by work comes through as it is and takes the writes back', async () => {
        const mine = new Error('mine')
        const work = db.transaction(async (sql) => {
          await sql`insert into port_suite.item values (2, 'gone')`
          throw mine
        })
        await expect(work).rejects.toBe(mine)
        expect(await countItems(db, 2)).toBe(0)
      })

      test('a statement that failed dooms the transaction, even when work catches the error', async () => {
        const work = db.transaction(async (sql) => {
          await sql`insert into port_suite.item values (3, 'gone')`
          await sql`select 1 / 0`.catch(() => {})
        })
        await expect(work).rejects.toMatchObject({ name: 'CaliberError' })
        expect(await countItems(db, 3)).toBe(0)
      })

      test('statements that are not waited for run in order, and none runs after one that failed', async () => {
        const role = await one((sql) => sql<{ v: string }>`select current_user::text as v`)
        for (let round = 0; round < 10; round += 1) {
          const [, [set]] = await db.transaction((sql) =>
            Promise.all([
              sql`select set_config('caliber.claims', ${`mine ${round}`}, true)`,
              sql<{ v: string }>`select current_setting('caliber.claims') as v`,
            ]),
          )
          expect(set?.v).toBe(`mine ${round}`)
          const outcomes: PromiseSettledResult<unknown>[] = []
          const work = db.transaction(async (sql) => {
            const sent = [
              sql`select set_config('role', ${`nobody ${round}`}, true)`,
              sql`insert into port_suite.item values (10, 'gone')`,
            ]
            outcomes.push(...(await Promise.allSettled(sent)))
          })
          await expect(work).rejects.toMatchObject({ name: 'CaliberError' })
          expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
        }
        expect(await countItems(db, 10)).toBe(0)
        expect(await one((sql) => sql`select current_user::text as v`)).toEqual(role)
      })

      test('a commit that the database refuses rejects', async () => {
        const work = db.transaction((sql) => sql`insert into port_suite.late values (1), (1)`)
        await expect(work).rejects.toMatchObject({ code: 'conflict' })
        expect(await one((sql) => sql`select count(*) as n from port_suite.late`)).toEqual({ n: 0 })
      })

      test('read only refuses writes', async () => {
        const work = db.transaction((sql) => sql`insert into port_suite.item values (4, 'gone')`, { readOnly: true })
        await expect(work).rejects.toMatchObject({ name: 'CaliberError' })
        expect(await countItems(db, 4)).toBe(0)
        await db.transaction((sql) => sql`insert into port_suite.item values (4, 'kept')`)
      })

      test('read only sees one snapshot from its first to its last statement', async () => {
        let writing: Promise<unknown> = Promise.resolve()
        const seen = await db.transaction(
          async (sql) => {
            const before = await sql`select count(*) as n from port_suite.item`
            writing = db.transaction((write) => write`insert into port_suite.item values (5, 'meanwhile')`)
            // Where writers run beside readers, let this one commit first; where they queue, it cannot.
            await Promise.race([writing, new Promise((resolve) => setTimeout(resolve, 200))])
            const after = await sql`select count(*) as n from port_suite.item`
            return { before, after }
          },
          { readOnly: true },
        )
        await writing
        expect(seen.after).toEqual(seen.before)
        expect(await countItems(db, 5)).toBe(1)
      })

      test('relaxed durability commits like any other for those who look', async () => {
        await db.transaction((sql) => sql`insert into port_suite.item values (6, 'lazily')`, {
          relaxedDurability: true,
        })
        expect(await countItems(db, 6)).toBe(1)
        const [row] = await db.transaction(
          (sql) => sql<{ v: string }>`select current_setting('synchronous_commit') as v`,
        )
        expect(row?.v).toBe('on')
      })

      test('50 transactions at once lose no update', async () => {
        await db.transaction((sql) => sql`insert into port_suite.item values (7, '0')`)
        const add = () =>
          db.transaction(async (sql) => {
            const [row] = await sql<{ text: string }>`select text from port_suite.item where id = 7 for update`
            await sql`update port_suite.item set text = ${String(Number(row?.text) + 1)} where id = 7`
          })
        await Promise.all(Array.from({ length: 50 }, add))
        expect(await one((sql) => sql`select text from port_suite.item where id = 7`)).toEqual({ text: '50' })
      })

      test('transactions side by side do not see what the other has not committed', async () => {
        const seen = await Promise.all([
          db
            .transaction(async (sql) => {
              await sql`insert into port_suite.item values (8, 'pending')`
              await new Promise((resolve) => setTimeout(resolve, 50))
              throw new Error('taken back')
            })
            .catch(() => 'taken back'),
          db.transaction((sql) => sql`select count(*) as n from port_suite.item where id = 8`),
        ])
        expect(seen).toEqual(['taken back', [{ n: 0 }]])
      })

      test('local settings end with their transaction', async () => {
        await db.transaction((sql) => sql`select set_config('caliber.claims', 'mine', true)`)
        expect(await one((sql) => sql`select nullif(current_setting('caliber.claims', true), '') as v`)).toEqual({
          v: null,
        })
      })
    })

    describe('errors', () => {
      test.each([
        ['a duplicate key', 'conflict', (sql: Sql) => sql`insert into port_suite.item values (100, 'a'), (100, 'b')`],
        ['a missing reference', 'not_found', (sql: Sql) => sql`insert into port_suite.part values (-1)`],
        ['a mistake in our SQL', 'internal', (sql: Sql) => sql`selekt secret_word from nowhere`],
        ['an unknown table', 'internal', (sql: Sql) => sql`select * from secret_word where x = ${'secret_value'}`],
      ] as const)('%s is %s', async (_, code, work) => {
        const error: unknown = await db.transaction<unknown>(work).catch((e: unknown) => e)
        expect(error).toMatchObject({ name: 'CaliberError', code })
        expect(String(error)).not.toMatch(/secret|selekt|port_suite|duplicate key/)
        expect(await one((sql) => sql`select 1 as v`)).toEqual({ v: 1 })
      })

      test('a statement beyond the limit is stopped with timeout, and the database goes on', async () => {
        const limited = await open({ statementTimeoutMs: 2_000 })
        try {
          await limited.transaction((sql) => sql`insert into port_suite.item values (9, 'before')`)
          const endless = limited.transaction(async (sql) => {
            await sql`insert into port_suite.item values (10, 'gone')`
            await sql`select count(*) from generate_series(1, 100000) a, generate_series(1, 1000000) b`
          })
          await expect(endless).rejects.toMatchObject({ code: 'timeout' })
          expect(await countItems(limited, 9)).toBe(1)
          expect(await countItems(limited, 10)).toBe(0)
        } finally {
          await limited.close()
        }
      })
    })

    describe('script', () => {
      test('runs several statements, with dollar quotes, comments and semicolons inside', async () => {
        await db.script(`
          -- a comment; with a semicolon
          create function port_suite.twice(n int) returns int language plpgsql as $body$
          begin
            /* ; */ return n * 2; -- $$
          end
          $body$;
          do $$ begin perform port_suite.twice(1); end $$;
          insert into port_suite.item values (20, 'semi;colon');
        `)
        expect(await one((sql) => sql`select port_suite.twice(21) as v`)).toEqual({ v: 42 })
        expect(await countItems(db, 20)).toBe(1)
      })

      test('a script that fails changes nothing, and leaves the session usable', async () => {
        const script = db.script(`insert into port_suite.item values (21, 'gone'); select 1 / 0;`)
        await expect(script).rejects.toMatchObject({ name: 'CaliberError' })
        await expect(
          db.script('begin; insert into port_suite.item values (22, $q$gone$q$); select 1 / 0;'),
        ).rejects.toThrow()
        expect(await countItems(db, 21)).toBe(0)
        // Every session of a pool, not just the next one.
        const busy = Array.from({ length: 16 }, () => db.transaction((sql) => sql`select pg_sleep(0.05)`))
        await expect(Promise.all(busy)).resolves.toHaveLength(16)
      })
    })

    describe('the doorbell', () => {
      test('rings after commit, with the payload, in order, and not after a rollback', async () => {
        const heard: string[] = []
        const stop = await db.listen('Port_suite', (payload) => heard.push(payload))
        await db.transaction(async (sql) => {
          await sql`select pg_notify('Port_suite', ${'first \'quoted\' "é"'})`
          await new Promise((resolve) => setTimeout(resolve, 30))
          expect(heard).toEqual([])
        })
        await db
          .transaction(async (sql) => {
            await sql`select pg_notify('Port_suite', 'never')`
            throw new Error('taken back')
          })
          .catch(() => {})
        await db.transaction((sql) => sql`select pg_notify('Port_suite', 'second'), pg_notify('other_channel', 'no')`)
        await expect.poll(() => heard, { timeout: 5_000 }).toEqual(['first \'quoted\' "é"', 'second'])

        await stop()
        await db.transaction((sql) => sql`select pg_notify('Port_suite', 'after')`)
        await new Promise((resolve) => setTimeout(resolve, 50))
        expect(heard).toHaveLength(2)
      })

      test('rings everybody who listens', async () => {
        const heard: string[] = []
        const stops = await Promise.all(
          ['a', 'b'].map((who) => db.listen('port_suite', (payload) => heard.push(who + payload))),
        )
        await db.transaction((sql) => sql`select pg_notify('port_suite', '!')`)
        await expect.poll(() => heard.toSorted(), { timeout: 5_000 }).toEqual(['a!', 'b!'])
        await stops[0]?.()
        await db.transaction((sql) => sql`select pg_notify('port_suite', '?')`)
        await expect.poll(() => heard.toSorted(), { timeout: 5_000 }).toEqual(['a!', 'b!', 'b?'])
        await stops[1]?.()
      })
    })

    test('after close every call rejects with unavailable, and closing again is nothing', async () => {
      const second = await open({ statementTimeoutMs: 30_000 })
      await second.transaction((sql) => sql`select 1`)
      await second.close()
      await second.close()
      const unavailable = expect.objectContaining({ name: 'CaliberError', code: 'unavailable' })
      await expect(second.transaction((sql) => sql`select 1`)).rejects.toEqual(unavailable)
      await expect(second.script('select 1')).rejects.toEqual(unavailable)
      await expect(second.listen('port_suite', () => {})).rejects.toEqual(unavailable)
    })
  })
}

async function countItems(db: Database, id: number): Promise<number> {
  const [row] = await db.transaction(
    (sql) => sql<{ n: number }>`select count(*) as n from port_suite.item where id = ${id}`,
  )
  return row?.n ?? -1
}
