import { expect, test } from 'vitest';
import { eachTrial } from './testing/trial/each-trial.ts';
import type { Trial } from './testing/trial/trial.ts';

let trial: Trial;
eachTrial((made) => (trial = made));

/** What an executor does by time alone, however many attempts it holds: nothing of it is done for each attempt. */
const perExecutor =
  /^(runtime\.setAside$|executors\.|queue\.(claimJobs|nextDue|promoteDue|expireQueued|adoptAttempts|cancelRequests|ownAttempts|auditCounters|attemptFates)|runtime\.list)/;

test('1,000 running jobs cost no call of the runtime and no write each while nothing changes', async () => {
  await trial.submitMany(1_000, [{ kind: 'waitForStop' }]);
  const { mortal } = trial.launchExecutor({
    maxRunning: 1_000,
    batchSize: 200,
    launchRatePerSecond: 100_000,
  });
  await trial.until('all to run', async () => {
    const [topic] = (await trial.database.topics.list(null)).filter(({ running }) => running > 0);
    return topic?.running === 1_000;
  });
  await trial.pass(5_000);
  const before = new Map(mortal.calls);
  await trial.pass(120_000);
  const made = [...mortal.calls].map(([name, calls]) => [name, calls - (before.get(name) ?? 0)] as const);
  const perAttempt = made.filter(([name, calls]) => calls > 0 && !perExecutor.test(name));
  expect(perAttempt).toEqual([]);
  // In two minutes of beats, polls and sweeps no routine calls more often than once a second.
  expect(Object.fromEntries(made.filter(([, calls]) => calls > 120))).toEqual({});
}, 60_000);

test('a job that is submitted to an idle executor is started by its wake-up, not by the next poll', async () => {
  let started: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    started = resolve;
  });
  trial.launchExecutor({
    pollIntervalMs: 3_600_000,
    onCall: ({ name }) => {
      if (name === 'runtime.ensure') started();
    },
  });
  await trial.pass(10_000);
  await trial.submit([{ kind: 'exit', code: 0 }]);
  // No virtual time passes here: only the notification of the real database can wake it.
  await expect(promise).resolves.toBeUndefined();
});
