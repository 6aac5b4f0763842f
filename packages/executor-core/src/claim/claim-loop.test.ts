import { newJobId, type Clock, type Database } from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { buildSpec } from '../testing/build-launch.ts';
import { eachTrial } from '../testing/trial/each-trial.ts';
import type { Trial } from '../testing/trial/trial.ts';

let trial: Trial;
eachTrial((made) => (trial = made));

test('a job that is due in 40 days arms no timer that Node would fire at once', async () => {
  const topic = 'far-away';
  const runAt = new Date(Date.now() + 40 * 86_400_000);
  const base = { id: newJobId(), project: 'default', topic, priority: 0, spec: buildSpec() };
  const job = { ...base, runAt, retryOf: null, rootJobId: null };
  await trial.database.queue.insertJobs([job], { actor: 'trial', reason: 'trial' });
  const delays: number[] = [];
  const setTimer: Clock['setTimer'] = trial.clock.setTimer.bind(trial.clock);
  Object.assign(trial.clock, {
    setTimer: (...[delayMs, callback]: Parameters<Clock['setTimer']>) => {
      delays.push(delayMs);
      return setTimer(delayMs, callback);
    },
  });
  const { mortal } = trial.launchExecutor({ topics: [topic] });
  await trial.until('it to be asked for', () => (mortal.calls.get('queue.nextDue') ?? 0) > 0);
  await trial.pass(1_000);
  expect(delays).toContain(3_600_000);
  expect(Math.max(...delays)).toBe(3_600_000);
});

const shortly = [{ kind: 'sleep', seconds: 1 }] as const;

test('after a claim that failed the next end claims again', async () => {
  const ids = await trial.submitMany(4, shortly);
  let claims = 0;
  const change = (database: Database): Database => {
    const claimJobs: Database['queue']['claimJobs'] = async (request) => {
      claims += 1;
      if (claims === 2) throw new Error('the connection was lost');
      return database.queue.claimJobs(request);
    };
    return { ...database, queue: { ...database.queue, claimJobs } };
  };
  trial.launchExecutor({ pollIntervalMs: 3_600_000, batchSize: 2, change });
  await trial.untilEnded(ids, 60_000);
});

test('with room for one launch at a time, each that has ended makes room for the next', async () => {
  await trial.submitMany(3, [{ kind: 'waitForStop' }]);
  trial.launchExecutor({ pollIntervalMs: 3_600_000, batchSize: 1, launchRatePerSecond: 1 });
  await trial.until('all to be there', () => trial.world.objects.size === 3, 10_000);
});

test('ends ask for no more jobs where the queue gave all that it had', async () => {
  const ids = await trial.submitMany(20, shortly);
  const { mortal } = trial.launchExecutor({ pollIntervalMs: 3_600_000, batchSize: 50 });
  await trial.until('all to be there', () => trial.world.objects.size === 20);
  const claims = (): number => mortal.calls.get('queue.claimJobs') ?? 0;
  const before = claims();
  await trial.untilEnded(ids);
  expect(claims() - before).toBeLessThanOrEqual(1);
});

test('an end makes room at once for a job that there was none for', async () => {
  const ids = await trial.submitMany(6, shortly);
  trial.launchExecutor({ pollIntervalMs: 3_600_000, maxRunning: 2 });
  await trial.untilEnded(ids, 60_000);
});
