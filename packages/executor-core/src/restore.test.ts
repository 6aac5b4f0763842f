import { randomUUID } from 'node:crypto';
import { attemptId, type JobId, type JobRecord } from '@job-orchestrator/types';
import { describe, expect, test } from 'vitest';
import { brokenPromises } from './testing/trial/check-promises.ts';
import { eachTrial } from './testing/trial/each-trial.ts';
import type { Trial } from './testing/trial/trial.ts';

let trial: Trial;
eachTrial((made) => (trial = made));

/** An attempt's object from the time that the database has forgotten. */
const leftBehind = async (id: JobId, attemptNumber: number): Promise<void> => {
  const { spec, topic } = await trial.job(id);
  const installation = await trial.database.queue.installation();
  const former = attemptId(randomUUID());
  trial.world.create({
    installation,
    jobId: id,
    attemptNumber,
    attemptId: former,
    object: null,
    avoidNode: null,
    topic,
    spec,
  });
};

const work = [{ kind: 'sleep', seconds: 30 } as const, { kind: 'exit', code: 0 } as const];
const never = { maxRetries: 0, infrastructureRetries: 0 };

const story = async (id: JobId): Promise<readonly string[]> =>
  (await trial.database.history.listEvents(id, 0, 500)).map(({ kind, reason }) => `${kind}: ${reason}`);

const ends = async (id: JobId): Promise<JobRecord | undefined> => {
  trial.launchExecutor();
  const [job] = await trial.untilEnded([id]);
  expect(await brokenPromises(trial, [id])).toEqual([]);
  return job;
};

describe('after the database went back in time', () => {
  test('the program of a forgotten attempt goes on as the new one of its number, and the story says so', async () => {
    const id = await trial.submit(work, { retry: never });
    await leftBehind(id, 1);
    await trial.pass(20_000);
    expect(await ends(id)).toMatchObject({ state: 'completed', attempt: 1 });
    expect([...trial.world.created.values()]).toEqual([1]);
    expect((await story(id)).find((line) => line.startsWith('launched'))).toContain('went back in time');
  });

  test('what ended meanwhile is recorded with its own end, and the next attempt begins after it', async () => {
    const id = await trial.submit([{ kind: 'exit', code: 3 }], {
      retry: { maxRetries: 1, infrastructureRetries: 0 },
    });
    await leftBehind(id, 1);
    await trial.pass(1_000);
    expect(await ends(id)).toMatchObject({ state: 'failed', attempt: 2, exitCode: 3 });
    expect([...trial.world.created.values()]).toEqual([1, 1]);
  });

  test('a forgotten later attempt is come to number by number, unspent, and nothing runs beside it', async () => {
    const id = await trial.submit(work, { retry: never });
    await leftBehind(id, 3);
    expect(await ends(id)).toMatchObject({ state: 'completed', attempt: 3 });
    expect([...trial.world.created.values()]).toEqual([1]);
    expect((await story(id)).filter((line) => line.startsWith('released'))).toHaveLength(2);
  });

  test('what was taken over is cancelled like any other', async () => {
    const id = await trial.submit(work, { retry: never });
    await leftBehind(id, 1);
    trial.launchExecutor();
    await trial.until('it to run', async () => (await trial.job(id)).state === 'running');
    await trial.database.queue.requestCancel(id, { actor: 'trial', reason: 'trial' });
    expect(await trial.untilEnded([id])).toMatchObject([{ state: 'cancelled' }]);
    expect(await brokenPromises(trial, [id])).toEqual([]);
  });
});
