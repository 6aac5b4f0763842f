import type { AttemptRef, JobId } from '@job-orchestrator/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eachTrial } from '../testing/trial/each-trial.ts';
import type { Trial } from '../testing/trial/trial.ts';
import { claimsPause } from './admission.ts';

test('claims change at one load only: they pause at a second’s worth, and go on at half of it', () => {
  const counterexample = fc.check(
    fc.property(fc.boolean(), fc.nat(200), fc.integer({ min: 1, max: 100 }), (paused, stalled, room) => {
      const pauses = claimsPause(paused, stalled, room);
      if (stalled >= room) return pauses;
      if (stalled <= room / 2) return !pauses;
      return pauses === paused;
    }),
  ).counterexample;
  expect(counterexample).toBeNull();
});

let trial: Trial;
eachTrial((made) => (trial = made));

/** How many of the jobs no executor has claimed yet. */
const queued = async (ids: readonly JobId[]): Promise<number> => {
  const jobs = await Promise.all(ids.map((id) => trial.job(id)));
  return jobs.filter(({ attempt }) => attempt === 0).length;
};

describe('a runtime that takes no launches', () => {
  const slow = { launchRatePerSecond: 20, batchSize: 5, maxRunning: 1_000 };
  const busy = { kind: 'busy', retryAfterMs: 1_000 } as const;

  test('is given a second’s worth of jobs and no more, until half of them went through', async () => {
    trial.world.faults.add({ method: 'ensure', fault: busy, times: 1e6 });
    const ids = await trial.submitMany(100, [{ kind: 'exit', code: 0 }]);
    trial.launchExecutor(slow);
    await trial.pass(30_000);
    expect(await queued(ids)).toBe(80);
    expect(trial.world.created.size).toBe(0);
    trial.world.faults.clear();
    const ended = await trial.untilEnded(ids);
    expect(ended.map(({ state, attempt }) => [state, attempt])).toEqual(ids.map(() => ['completed', 1]));
  });

  test('of twenty jobs only keeps no other job from its start', async () => {
    const first = await trial.submitMany(20, [{ kind: 'exit', code: 0 }]);
    const bad = new Set<string>(first);
    const matches = (ref: AttemptRef | null): boolean => ref !== null && bad.has(ref.jobId);
    const lost = { kind: 'unresolved', appearsAfterMs: null } as const;
    trial.world.faults.add({ method: 'ensure', fault: lost, matches, times: 1e6 });
    const { mortal } = trial.launchExecutor(slow);
    await trial.until('all to be asked for', () => (mortal.calls.get('runtime.ensure') ?? 0) >= 40);
    const others = await trial.submitMany(5, [{ kind: 'exit', code: 0 }]);
    await trial.pass(5_000);
    expect(await queued(others)).toBe(5);
    expect(await trial.untilEnded(others, 600_000)).toMatchObject(
      others.map(() => ({ state: 'completed', attempt: 1 })),
    );
  });
});
