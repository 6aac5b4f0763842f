import { expect, test } from 'vitest';
import { openPostgres } from '../connection/postgres-store.ts';
import { openDatabase } from '../open-database.ts';
import { emptyDatabaseUrl, onServer } from '../testing/fresh-database.ts';
import { silentLog } from '../testing/silent-log.ts';
import { migratePostgres } from './migrate-postgres.ts';
import { knownMigrations } from './migrations.ts';

const log = silentLog;
const known = knownMigrations();

test('migrators at the same time: one applies, all succeed, and the database gets one id', async () => {
  const url = await emptyDatabaseUrl();
  const reports = await Promise.all(Array.from({ length: 4 }, () => migratePostgres({ url, log })));
  expect(reports.map(({ version }) => version)).toEqual([
    known.length,
    known.length,
    known.length,
    known.length,
  ]);
  expect(reports.flatMap(({ applied }) => applied)).toEqual(known.map(({ name }) => name));
  expect((await onServer(url, 'select id from installation')).rows).toHaveLength(1);
});

test('a database without our schema is refused as outdated', async () => {
  const url = await emptyDatabaseUrl();
  await expect(openDatabase({ kind: 'postgres', url, log })).rejects.toMatchObject({
    code: 'schema_outdated',
  });
});

test('a newer schema is used, unless it demands a newer program', async () => {
  const url = await emptyDatabaseUrl();
  await migratePostgres({ url, log });
  await onServer(url, `insert into schema_migrations values (9001, '9001-newer', 1)`);
  const database = await openDatabase({ kind: 'postgres', url, log });
  await database.ping();
  await database.close();
  expect(await migratePostgres({ url, log })).toMatchObject({ applied: [] });
  await onServer(url, `insert into schema_migrations values (9002, '9002-breaking', 9002)`);
  await expect(openDatabase({ kind: 'postgres', url, log })).rejects.toMatchObject({
    code: 'schema_too_new',
  });
  await expect(migratePostgres({ url, log })).rejects.toMatchObject({ code: 'schema_too_new' });
});

test('a server that is not there is unavailable', async () => {
  const url = 'postgres://nobody@127.0.0.1:1/nothing';
  await expect(openDatabase({ kind: 'postgres', url, log })).rejects.toMatchObject({
    code: 'database_unavailable',
  });
});

test('partitions are made once for each month; a month whose rows lie in a default partition stays there', async () => {
  const url = await emptyDatabaseUrl();
  await migratePostgres({ url, log });
  const store = openPostgres({ url, poolSize: 1, log });
  const made = async (first: string, months: number) =>
    (
      await store.run<{ made: number }>({ text: 'select ensure_partitions($1::date, $2) as made' }, [
        first,
        months,
      ])
    )[0]?.made;
  expect(await made('2031-11-15', 3)).toBe(18);
  expect(await made('2031-11-15', 3)).toBe(0);
  await store.run({
    text: `insert into events (job_id, seq, at, kind, actor, reason)
           values (floor_id('2032-05-10'), 2, now(), 'claimed', 'a', 'b')`,
  });
  expect(await made('2032-05-01', 1)).toBe(5);
  await store.run({
    text: `insert into events (job_id, seq, at, kind, actor, reason)
           values (floor_id('2031-12-31 23:59:59.999+00'), 2, now(), 'claimed', 'a', 'b')`,
  });
  const { rows } = await onServer(url, 'select tableoid::regclass::text as part from events order by 1');
  expect(rows).toEqual([{ part: 'events_2031_12' }, { part: 'events_default' }]);
  await store.close();
});
