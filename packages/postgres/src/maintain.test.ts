import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPostgres } from './connection/postgres-store.ts';
import { onlyRow, type Store } from './connection/sql.ts';
import { openEmbedded } from './embedded/open-embedded.ts';
import { maintain, maintainEmbedded } from './maintain.ts';
import { freshDatabaseUrl } from './testing/fresh-database.ts';
import { silentLog } from './testing/silent-log.ts';

const keepAll = { historyMonths: null, log: silentLog };
let url: string;
let stores: readonly Store[];
beforeAll(async () => {
  url = await freshDatabaseUrl();
  stores = Array.from({ length: 3 }, () => openPostgres({ url, poolSize: 1, log: silentLog }));
});
afterAll(async () => void (await Promise.all(stores.map((store) => store.close()))));

const expiredKeys = `insert into idempotency_keys (project, key, fingerprint, job_ids, expires_at)
  select 'default', n::text, 'a', '{}', clock_timestamp() - interval '1 s' from generate_series(1, 12000) n`;
const keysLeft = async (store: Store) =>
  onlyRow(await store.run<{ n: number }>({ text: 'select count(*) as n from idempotency_keys' })).n;
const first = (): Store => onlyRow(stores.slice(0, 1));

test('upkeep in many processes at once does its work once, and nobody fails', async () => {
  await first().run({ text: expiredKeys });
  await Promise.all(stores.map((store) => maintain(store, keepAll)));
  expect(await keysLeft(first())).toBe(0);
});

test('statistics that call a partition of specs empty are taken anew once it is not', async () => {
  const store = first();
  const month = new Date().toISOString().slice(0, 7).replace('-', '_');
  const known = async () =>
    onlyRow(
      await store.run<{ n: number }>({
        text: `select reltuples::float8 as n from pg_class where relname = 'job_specs_${month}'`,
      }),
    ).n;
  await store.run({ text: 'analyze job_specs' });
  expect(await known()).toBe(0);
  await store.run({
    text: `insert into job_specs (id, created_at, created_by, submit_reason, image, labels, spec)
           values (floor_id(clock_timestamp()), clock_timestamp(), 'a', 'b', 'c', '{}', '{}')`,
  });
  await maintain(store, keepAll);
  expect(await known()).toBe(1);
});

test('a step that fails is told of, and does not stop the others; it waits for a lock only shortly', async () => {
  await first().run({ text: expiredKeys });
  const blocker = new pg.Client({ connectionString: url });
  await blocker.connect();
  await blocker.query('begin');
  await blocker.query('select pg_advisory_xact_lock(7266316001)');
  await expect(maintain(first(), keepAll)).rejects.toMatchObject({ code: '55P03' });
  expect(await keysLeft(first())).toBe(0);
  await blocker.end();
});

test('the embedded database is vacuumed, analysed, and its log is cut', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'job-orchestrator-test-'));
  const store = await openEmbedded(dataDir, silentLog);
  const redo = async () =>
    onlyRow(
      await store.run<{ at: string }>({ text: 'select redo_lsn::text as at from pg_control_checkpoint()' }),
    ).at;
  await store.run({ text: 'create table bloated as select generate_series(1, 1000) as n' });
  const before = await redo();
  await maintainEmbedded(store, keepAll);
  const look = `select relallvisible > 0 as vacuumed, reltuples = 1000 as analysed from pg_class where relname = 'bloated'`;
  expect(await store.run({ text: look })).toEqual([{ vacuumed: true, analysed: true }]);
  expect(await redo()).not.toBe(before);
  await store.close();
  rmSync(dataDir, { recursive: true });
});
