import { failure, type AttemptId, type FailureReason, type JobId } from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { eachTrial } from './testing/trial/each-trial.ts';
import type { Trial } from './testing/trial/trial.ts';

let trial: Trial;
eachTrial((made) => (trial = made));

const forever = [{ kind: 'waitForStop' }] as const;

/** The attempt of that number, once its object is there. */
const launchedAttempt = async (job: JobId, number: number): Promise<AttemptId> => {
  let id: AttemptId | null = null;
  await trial.until(
    `attempt ${number}`,
    async () => {
      const attempts = await trial.database.history.listAttempts(job);
      id = attempts.find((each) => each.number === number && each.launchedAt !== null)?.id ?? null;
      return id !== null;
    },
    600_000,
  );
  if (id === null) throw new Error('no attempt');
  return id;
};

const failAs = (attempt: AttemptId, reason: FailureReason, node: string): void => {
  const now = trial.world.clock.now();
  const output = { kind: 'none' } as const;
  const exit = { exitCode: 137, startedAt: now, finishedAt: now, output, node, imageDigest: null };
  trial.world.show(attempt, { kind: 'ended', exit: { ...exit, failure: failure(reason, 'as shown') } });
};

test('after a fault of the infrastructure another node is preferred; after running out of memory there is more', async () => {
  const retry = { maxRetries: 3, infrastructureRetries: 3, memory: { factor: 2, cap: '4Gi' } };
  const resources = { limits: { memory: '1Gi' } };
  const job = await trial.submit(forever, { retry, resources });
  trial.launchExecutor();
  failAs(await launchedAttempt(job, 1), 'disrupted', 'node-7');
  const second = await launchedAttempt(job, 2);
  expect(trial.world.of(second).launch).toMatchObject({ avoidNode: 'node-7', spec: { resources } });
  failAs(second, 'oom_killed', 'node-8');
  const third = trial.world.of(await launchedAttempt(job, 3)).launch;
  expect(third).toMatchObject({ avoidNode: null, spec: { resources: { limits: { memory: '2048Mi' } } } });
  const attempts = await trial.database.history.listAttempts(job);
  expect(attempts.map((each) => each.resources?.limits?.['memory'])).toEqual(['1Gi', '1Gi', '2048Mi']);
  failAs(await launchedAttempt(job, 3), 'command_not_found', 'node-8');
  expect(await trial.untilEnded([job])).toMatchObject([{ state: 'failed', attempt: 3 }]);
});
