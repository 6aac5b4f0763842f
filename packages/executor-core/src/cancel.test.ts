import { freshDatabase, type FreshDatabase } from '@job-orchestrator/postgres/testing';
import type { JobId } from '@job-orchestrator/types';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { brokenPromises } from './testing/trial/check-promises.ts';
import { createTrial, type Trial } from './testing/trial/trial.ts';

let fresh: FreshDatabase;
let trial: Trial;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterEach(() => trial.end());
afterAll(() => fresh.close());

const exit = [{ kind: 'exit', code: 0 }] as const;
const forever = [{ kind: 'waitForStop' }] as const;

const cancel = async (id: JobId): Promise<string> => {
  const answer = await trial.database.queue.requestCancel(id, { actor: 'person', reason: 'changed my mind' });
  trial.database.wakeUps.send('cancel');
  return answer.kind;
};

const expectCancelled = async (id: JobId): Promise<void> => {
  const [job] = await trial.untilEnded([id]);
  expect(job).toMatchObject({ state: 'cancelled' });
  expect(await brokenPromises(trial, [id])).toEqual([]);
};

describe('a cancel', () => {
  test('of a running job stops its program, and the job ends cancelled', async () => {
    trial = createTrial(fresh.database);
    const id = await trial.submit(forever);
    trial.launchExecutor();
    await trial.until('it to run', async () => (await trial.job(id)).state === 'running');
    expect(await cancel(id)).toBe('accepted');
    await expectCancelled(id);
    const kinds = (await trial.database.history.listEvents(id, 0, 50)).map(({ kind }) => kind);
    expect(kinds.indexOf('stopping')).toBeGreaterThan(kinds.indexOf('cancel_requested'));
    await trial.until('clean-up', () => trial.world.objects.size === 0);
  });

  test('of a job whose object waits ends it before it starts', async () => {
    trial = createTrial(fresh.database, { startDelayMs: 60_000 });
    const id = await trial.submit(exit);
    trial.launchExecutor();
    await trial.until('its object', () => trial.world.objects.size === 1);
    expect(await cancel(id)).toBe('accepted');
    await expectCancelled(id);
    expect((await trial.job(id)).startedAt).toBeNull();
  });

  test('of a job that was claimed and never sent to the runtime needs no object', async () => {
    trial = createTrial(fresh.database);
    trial.world.faults.add({ method: 'ensure', fault: { kind: 'busy', retryAfterMs: 5_000 }, times: 1e6 });
    const id = await trial.submit(exit);
    trial.launchExecutor();
    await trial.until('the claim', async () => (await trial.job(id)).attempt === 1);
    expect(await cancel(id)).toBe('accepted');
    await expectCancelled(id);
    expect(trial.world.created.size).toBe(0);
  });

  test('of a job whose create is unresolved waits until that is known, and then stops it', async () => {
    trial = createTrial(fresh.database);
    trial.world.faults.add({
      method: 'ensure',
      fault: { kind: 'unresolved', appearsAfterMs: 5_000 },
      times: 3,
    });
    const id = await trial.submit(forever);
    trial.launchExecutor();
    await trial.until('the claim', async () => (await trial.job(id)).attempt === 1);
    expect(await cancel(id)).toBe('accepted');
    await expectCancelled(id);
  });

  test('that nobody was woken for is found all the same', async () => {
    trial = createTrial(fresh.database);
    const id = await trial.submit(forever);
    trial.launchExecutor();
    await trial.until('it to run', async () => (await trial.job(id)).state === 'running');
    await trial.database.queue.requestCancel(id, { actor: 'person', reason: 'quietly' });
    await expectCancelled(id);
  });

  test('wins over a program that ended well before it could be stopped', async () => {
    trial = createTrial(fresh.database);
    trial.world.faults.add({ method: 'logTail', fault: { kind: 'slow', ms: 4_000 } });
    const id = await trial.submit(exit);
    trial.launchExecutor();
    await trial.until('its end', () => [...trial.world.objects.values()].some(({ run }) => run?.exit()));
    await trial.until('the claim', async () => (await trial.job(id)).attempt === 1);
    expect(await cancel(id)).toBe('accepted');
    await expectCancelled(id);
  });

  test('is driven on by the next executor when the one that began it is gone', async () => {
    trial = createTrial(fresh.database);
    trial.world.faults.add({ method: 'stop', fault: { kind: 'unreachable' }, times: 1e6 });
    const id = await trial.submit(forever);
    const first = trial.launchExecutor();
    await trial.until('it to run', async () => (await trial.job(id)).state === 'running');
    expect(await cancel(id)).toBe('accepted');
    await trial.pass(5_000);
    first.mortal.die();
    trial.world.faults.clear();
    trial.launchExecutor({ sole: true });
    await expectCancelled(id);
  });

  test('of a job that has ended is too late, and changes nothing', async () => {
    trial = createTrial(fresh.database);
    const id = await trial.submit(exit);
    trial.launchExecutor();
    await trial.untilEnded([id]);
    expect(await cancel(id)).toBe('too_late');
    expect((await trial.job(id)).state).toBe('completed');
  });

  test('of a job that nobody has claimed ends it at once', async () => {
    trial = createTrial(fresh.database);
    const id = await trial.submit(exit);
    expect(await cancel(id)).toBe('accepted');
    expect((await trial.job(id)).state).toBe('cancelled');
  });
});

describe('a deadline', () => {
  const deadlines = { queueSeconds: 600, startSeconds: 15, runSeconds: 20, finalizeSeconds: 10 };

  test('to start ends what waits too long', async () => {
    trial = createTrial(fresh.database, { startDelayMs: 10_000_000 });
    const id = await trial.submit(exit, { deadlines });
    trial.launchExecutor();
    const [job] = await trial.untilEnded([id]);
    expect(job).toMatchObject({
      state: 'failed',
      failure: { category: 'timeout', reason: 'start_deadline' },
    });
    expect(trial.clock.monotonicMs()).toBeLessThan(25_000);
    await trial.until('clean-up', () => trial.world.objects.size === 0);
  });

  test('to run ends what runs too long, and is charged to the user', async () => {
    trial = createTrial(fresh.database);
    const id = await trial.submit(forever, { deadlines, retry: { maxRetries: 1, infrastructureRetries: 0 } });
    trial.launchExecutor();
    const [job] = await trial.untilEnded([id], 400_000);
    expect(job).toMatchObject({ state: 'failed', attempt: 2, failure: { reason: 'run_deadline' } });
    expect(trial.clock.monotonicMs()).toBeGreaterThanOrEqual(40_000);
  });

  test('to run kills what does not listen, too', async () => {
    trial = createTrial(fresh.database);
    const id = await trial.submit([{ kind: 'ignoreStop' }], { deadlines });
    trial.launchExecutor();
    const [job] = await trial.untilEnded([id], 200_000);
    expect(job).toMatchObject({ state: 'failed', failure: { reason: 'run_deadline' } });
    expect(await brokenPromises(trial, [id])).toEqual([]);
  });

  test('to finalize ends the wait for an output that never comes', async () => {
    trial = createTrial(fresh.database);
    const id = await trial.submit(forever, { deadlines, output: true });
    trial.launchExecutor();
    await trial.until('it to run', async () => (await trial.job(id)).state === 'running');
    const now = trial.clock.now();
    const base = {
      exitCode: 0,
      startedAt: now,
      finishedAt: now,
      failure: null,
      node: null,
      imageDigest: null,
    };
    const endless = { kind: 'ended', exit: { ...base, output: { kind: 'pending' } } } as const;
    const showAll = (): void =>
      trial.world.objects.forEach(({ launch }) => trial.world.show(launch.attemptId, endless));
    showAll();
    for (const attempt of [2, 3]) {
      await trial.until(`attempt ${attempt}`, async () => (await trial.job(id)).attempt === attempt);
      await trial.until('it to run', async () => (await trial.job(id)).state === 'running');
      showAll();
    }
    const [job] = await trial.untilEnded([id]);
    expect(job).toMatchObject({ state: 'failed', attempt: 3, failure: { reason: 'finalize_deadline' } });
  });

  test('to run is not judged by the clock of a node that is ten minutes behind', async () => {
    trial = createTrial(fresh.database, { startDelayMs: 2_000 });
    const id = await trial.submit([{ kind: 'sleep', seconds: 10 }, ...exit], { deadlines });
    trial.launchExecutor();
    await trial.until('its object', () => trial.world.objects.size === 1);
    const startedAt = new Date(trial.clock.now().getTime() - 600_000);
    const [object] = trial.world.objects.values();
    trial.world.show(object!.launch.attemptId, { kind: 'running', startedAt, node: 'slow clock' });
    await trial.until('it to run', () => object!.run !== null);
    await trial.pass(5_000);
    trial.world.show(object!.launch.attemptId, null);
    expect(await trial.untilEnded([id])).toMatchObject([{ state: 'completed', attempt: 1 }]);
  });

  test('holds by the database’s time, however wrong our own clock is', async () => {
    trial = createTrial(fresh.database);
    const id = await trial.submit([{ kind: 'sleep', seconds: 10 }, ...exit], { deadlines });
    const { mortal, executor } = trial.launchExecutor();
    const ahead = mortal.clock.now;
    Object.assign(mortal.clock, { now: () => new Date(ahead().getTime() + 600_000) });
    expect(executor).toBeDefined();
    expect(await trial.untilEnded([id])).toMatchObject([{ state: 'completed', attempt: 1 }]);
  });
});
