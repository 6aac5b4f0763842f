import { expect, test } from 'vitest';
import { eachTrial } from './testing/trial/each-trial.ts';
import type { Trial } from './testing/trial/trial.ts';

let trial: Trial;
eachTrial((made) => (trial = made));

const exit = (code: number) => [{ kind: 'exit', code }] as const;

test('what is suspended again after its program had started is tried anew and charged to nobody', async () => {
  const none = { maxRetries: 0, infrastructureRetries: 0 };
  const id = await trial.submit([{ kind: 'sleep', seconds: 60 }, ...exit(0)], { retry: none });
  trial.launchExecutor();
  await trial.until('the program', async () => (await trial.job(id)).attemptState === 'running');
  const [first] = await trial.database.history.listAttempts(id);
  trial.world.show(first!.id, {
    kind: 'waiting',
    reason: 'quota',
    message: 'held back',
    startClock: 'stopped',
  });
  const [job] = await trial.untilEnded([id], 200_000);
  expect(job).toMatchObject({ state: 'completed', attempt: 2, retriesUsed: { user: 0, infrastructure: 0 } });
  expect(await trial.database.history.listAttempts(id)).toMatchObject([
    { number: 1, state: 'failed', failure: { reason: 'suspended_again', category: 'capacity' } },
    { number: 2, state: 'succeeded' },
  ]);
  expect([...trial.world.created.values()]).toEqual([1, 1]);
});
