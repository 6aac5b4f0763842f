import type { Database, WakeUp } from '@job-orchestrator/types';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../open-database.ts';
import { freshDatabase, silentLog, type FreshDatabase } from '../testing/index.ts';

let fresh: FreshDatabase & { url: string };
let other: Database;
beforeAll(async () => {
  fresh = await freshDatabase();
  other = await openDatabase({ kind: 'postgres', url: fresh.url, log: silentLog });
});
afterAll(async () => {
  await other.close();
  await fresh.close();
});

const hear = (database: Database): WakeUp[] => {
  const heard: WakeUp[] = [];
  database.wakeUps.subscribe((kind) => heard.push(kind));
  return heard;
};

test('a process wakes itself at once, however soon after the last time, and others through PostgreSQL', async () => {
  const theirs = hear(other);
  // The first connection to listen wakes for every kind; only what comes after it is counted here.
  await expect.poll(() => (fresh.database.wakeUps.send('cancel'), theirs)).toContain('cancel');
  const ours = hear(fresh.database);
  theirs.length = 0;
  for (let sent = 1; sent <= 5; sent += 1) {
    fresh.database.wakeUps.send('finished');
    await turn();
    await turn();
    expect(ours.filter((kind) => kind === 'finished')).toHaveLength(sent);
  }
  await expect.poll(() => theirs).toContain('finished');
  expect(ours.filter((kind) => kind === 'finished')).toHaveLength(5);
});

test('many calls of one turn are one wake-up, never from within the call', async () => {
  const ours = hear(fresh.database);
  for (let sent = 0; sent < 100; sent += 1) fresh.database.wakeUps.send('jobs');
  expect(ours).toEqual([]);
  await turn();
  await turn();
  expect(ours).toEqual(['jobs']);
});
