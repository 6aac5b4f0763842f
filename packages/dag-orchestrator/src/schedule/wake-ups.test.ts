import { freshDatabase, type FreshDatabase } from '@job-orchestrator/postgres/testing';
import type { Clock, WakeUp } from '@job-orchestrator/types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHarness, silent } from '../testing/run-harness.ts';
import { createTestClock } from '../testing/test-clock.ts';
import { createScheduler } from './scheduler.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

test('while a backfill waits for runs, a burst of ends is one look', async () => {
  const { deps } = createHarness(fresh.database);
  const real = createTestClock();
  const timers: number[] = [];
  let looks = 0;
  let wake: (kind: WakeUp) => void = () => undefined;
  const clock: Clock = { ...real, setTimer: (ms, act) => (timers.push(ms), real.setTimer(ms, act)) };
  const { schedules, wakeUps } = fresh.database;
  const database = {
    ...deps.database,
    wakeUps: { ...wakeUps, subscribe: (onWake: typeof wake) => ((wake = onWake), () => undefined) },
    schedules: { ...schedules, finishBackfills: () => ((looks += 1), Promise.resolve(1)) },
  };
  const scheduler = createScheduler({
    operations: { ...deps, database },
    clock,
    log: silent,
    pollIntervalMs: 3_600_000,
  });
  scheduler.start();
  await expect.poll(() => timers.length).toBe(1);
  for (let end = 0; end < 20; end += 1) wake('dags');
  expect(timers.filter((ms) => ms === 50)).toHaveLength(1);
  await expect.poll(() => looks).toBe(2);
  await scheduler.stop();
});
