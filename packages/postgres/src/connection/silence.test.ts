import { beatMs, type IncarnationId } from '@job-orchestrator/types';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../open-database.ts';
import { freshDatabaseUrl } from '../testing/fresh-database.ts';
import { registerSample } from '../testing/samples.ts';
import { silentLog } from '../testing/silent-log.ts';
import { openSilencingProxy, type SilencingProxy } from '../testing/silencing-proxy.ts';
import { openPostgres } from './postgres-store.ts';

let proxy: SilencingProxy;
beforeEach(async () => {
  proxy = await openSilencingProxy(await freshDatabaseUrl());
});
afterEach(() => proxy.close());

test('a beat whose connection went silent is renewed on a new one, in time', async () => {
  const database = await openDatabase({ kind: 'postgres', url: proxy.url, log: silentLog });
  const owner: IncarnationId = await registerSample(database);
  expect(await database.executors.beat(owner, 'nonce-1', 'nonce-2')).toMatchObject({ kind: 'renewed' });
  proxy.silence();
  const started = performance.now();
  expect(await database.executors.beat(owner, 'nonce-2', 'nonce-3')).toMatchObject({ kind: 'renewed' });
  expect(performance.now() - started).toBeLessThan(beatMs);
  await database.close();
});

test('of many connections that went silent at once, one time-out is enough to drop them all', async () => {
  const store = openPostgres({ url: proxy.url, poolSize: 5, log: silentLog, answerMs: 500 });
  const select = { text: 'select pg_backend_pid() as pid' };
  const together = Array.from({ length: 5 }, () => store.run({ text: 'select pg_sleep(0.05)' }));
  await Promise.all(together);
  proxy.silence();
  await expect(store.run(select)).rejects.toThrow('Query read timeout');
  const [first] = await store.run(select);
  expect(await store.run(select)).toEqual([first]);
  await store.close();
});
