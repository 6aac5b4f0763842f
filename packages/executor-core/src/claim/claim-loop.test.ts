import { newJobId, type Clock } from '@job-orchestrator/types';
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
