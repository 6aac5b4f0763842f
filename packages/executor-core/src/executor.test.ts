import { OrchestratorError, type AttemptWrite, type Database } from '@job-orchestrator/types';
import { describe, expect, test } from 'vitest';
import { brokenPromises } from './testing/trial/check-promises.ts';
import { eachTrial } from './testing/trial/each-trial.ts';
import type { Trial } from './testing/trial/trial.ts';

let trial: Trial;
eachTrial((made) => (trial = made));

const exit = (code: number) => [{ kind: 'exit', code }] as const;
const forever = [{ kind: 'waitForStop' }] as const;
const many = <Value>(count: number, make: () => Promise<Value>) =>
  Promise.all(Array.from({ length: count }, make));

describe('an executor', () => {
  test('runs each job once, keeps its log and its output, and leaves nothing behind', async () => {
    const program = [
      { kind: 'print', text: 'counted' },
      { kind: 'writeOutput', text: '{"words": 3}' },
      { kind: 'exit', code: 0 },
    ] as const;
    const ids = await many(30, () => trial.submit(program, { output: true }));
    trial.launchExecutor();
    const jobs = await trial.untilEnded(ids);
    expect(jobs.map(({ state }) => state)).toEqual(ids.map(() => 'completed'));
    expect(jobs[0]).toMatchObject({ attempt: 1, exitCode: 0, output: { value: { words: 3 } } });
    await trial.until('clean-up', () => trial.world.objects.size === 0);
    expect([...trial.world.created.values()]).toEqual(ids.map(() => 1));
    expect(await brokenPromises(trial, ids)).toEqual([]);
    const [attempt] = await trial.database.history.listAttempts(ids[0]!);
    const log = await trial.database.history.getLogTail(ids[0]!, attempt!.id);
    expect(new TextDecoder().decode(log?.bytes)).toBe('counted\n');
  });

  test('tries again as often as was asked, and then fails', async () => {
    const id = await trial.submit(exit(3), { retry: { maxRetries: 2, infrastructureRetries: 0 } });
    trial.launchExecutor();
    const [job] = await trial.untilEnded([id]);
    expect(job).toMatchObject({ state: 'failed', attempt: 3, exitCode: 3, failure: { reason: 'exit_code' } });
    expect(trial.world.created.size).toBe(3);
  });

  test('pays for what vanished from the budget of the infrastructure', async () => {
    const id = await trial.submit(forever, { retry: { maxRetries: 0, infrastructureRetries: 1 } });
    trial.launchExecutor();
    for (const attempt of [1, 2]) {
      await trial.until(`attempt ${attempt}`, async () => (await trial.job(id)).attempt === attempt);
      await trial.until('its object', () => trial.world.objects.size === 1);
      for (const object of trial.world.objects.values()) trial.world.delete(object);
    }
    const [job] = await trial.untilEnded([id]);
    expect(job).toMatchObject({ state: 'failed', attempt: 2, failure: { reason: 'object_deleted' } });
    const attempts = await trial.database.history.listAttempts(id);
    expect(attempts.map(({ state }) => state)).toEqual(['lost', 'lost']);
  });

  test('holds no more than it may, and takes the next as soon as one ends', async () => {
    const ids = await many(12, () => trial.submit([{ kind: 'sleep', seconds: 10 }, ...exit(0)]));
    let most = 0;
    const onCall = () => {
      most = Math.max(most, trial.world.objects.size);
    };
    trial.launchExecutor({ maxRunning: 5, batchSize: 3, onCall });
    await trial.untilEnded(ids, 60_000);
    expect(most).toBe(5);
  });

  test('creates no faster than its rate allows', async () => {
    const ids = await many(30, () => trial.submit(exit(0)));
    const times: number[] = [];
    trial.launchExecutor({
      launchRatePerSecond: 5,
      onCall: ({ name, moment }) => {
        if (name === 'runtime.ensure' && moment === 'before') times.push(trial.clock.monotonicMs());
      },
    });
    await trial.untilEnded(ids);
    expect(times.length).toBe(30);
    const inSecondFrom = (from: number) => times.filter((at) => at >= from && at < from + 1_000).length;
    expect(Math.max(...times.map(inSecondFrom))).toBeLessThanOrEqual(10);
    expect(times.at(-1)! - times[0]!).toBeGreaterThanOrEqual(4_900);
  });

  test('goes on claiming as its launches go out, without a poll and without an end of any', async () => {
    await trial.submitMany(60, [{ kind: 'waitForStop' }]);
    trial.launchExecutor({ launchRatePerSecond: 10, pollIntervalMs: 3_600_000 });
    await trial.until('all to be launched', () => trial.world.created.size === 60, 20_000);
    expect(trial.clock.monotonicMs()).toBeLessThan(8_000);
  });
});

describe('trouble with one attempt', () => {
  test('never stops the others', async () => {
    const bad = await trial.submit(exit(0), { name: 'bad' });
    trial.world.faults.add({
      method: 'observe',
      fault: { kind: 'throws', message: 'cannot read this object' },
      matches: (ref) => ref?.jobId === bad,
      times: 1e6,
    });
    const good = await many(20, () => trial.submit(exit(0)));
    trial.launchExecutor();
    const jobs = await trial.untilEnded(good);
    expect(jobs.map(({ state }) => state)).toEqual(good.map(() => 'completed'));
    await trial.pass(60_000);
    expect((await trial.job(bad)).finishedAt).toBeNull();
    trial.world.faults.clear();
    expect(await trial.untilEnded([bad])).toMatchObject([{ state: 'completed' }]);
  });

  test('whose log is longer than what is kept stays 30 s for those who read it, and then goes', async () => {
    const id = await trial.submit([{ kind: 'printLines', count: 20_000 }, ...exit(0)]);
    trial.launchExecutor();
    await trial.untilEnded([id]);
    await trial.pass(25_000);
    expect(trial.world.objects.size).toBe(1);
    await trial.until('its removal', () => trial.world.objects.size === 0, 10_000);
  });

  test('whose log never comes does not keep it from its end', async () => {
    trial.world.faults.add({ method: 'logTail', fault: { kind: 'hang' } });
    const id = await trial.submit(exit(0));
    trial.launchExecutor();
    expect(await trial.untilEnded([id], 30_000)).toMatchObject([{ state: 'completed' }]);
    const [attempt] = await trial.database.history.listAttempts(id);
    expect(await trial.database.history.getLogTail(id, attempt!.id)).toMatchObject({ extent: 'end_missing' });
  });

  /** Fails the writes that hold such an end, as the database would. */
  const refusing =
    (code: string, matches: (write: AttemptWrite) => boolean) =>
    (database: Database): Database => ({
      ...database,
      ping: () => database.ping(),
      queue: {
        ...database.queue,
        applyWrites: async (owner, writes) => {
          if (writes.some(matches)) throw Object.assign(new Error('refused'), { code });
          return database.queue.applyWrites(owner, writes);
        },
      },
    });

  test('whose end the database refuses ends without its details', async () => {
    const bad = await trial.submit(exit(9));
    const noisy = await trial.submit([{ kind: 'print', text: 'noise' }, ...exit(0)]);
    const good = await many(5, () => trial.submit(exit(0)));
    const refused = (write: AttemptWrite): boolean =>
      write.kind === 'closed' && (write.reason.includes('code 9') || (write.log?.totalBytes ?? 0) > 0);
    trial.launchExecutor({ change: refusing('22021', refused) });
    const jobs = await trial.untilEnded([bad, noisy, ...good]);
    expect(jobs.map(({ state }) => state)).toEqual(['failed', 'completed', ...good.map(() => 'completed')]);
  });

  test('whose end a full disk keeps from being stored ends as it did, however long that takes', async () => {
    const program = [{ kind: 'writeOutput', text: '{"n": 1}' }, ...exit(0)] as const;
    const ids = [await trial.submit(exit(0)), await trial.submit(program, { output: true })];
    const disk = { full: true };
    trial.launchExecutor({ change: refusing('53100', ({ kind }) => disk.full && kind === 'closed') });
    await trial.pass(120_000);
    expect((await trial.job(ids[0]!)).finishedAt).toBeNull();
    disk.full = false;
    const jobs = await trial.untilEnded(ids, 15_000);
    expect(jobs.map(({ state, attempt }) => [state, attempt])).toEqual(ids.map(() => ['completed', 1]));
    expect(jobs[1]?.output).toMatchObject({ value: { n: 1 } });
  });

  test('a database that is away for a while costs no attempt and no end', async () => {
    const ids = await many(10, () => trial.submit([{ kind: 'sleep', seconds: 3 }, ...exit(0)]));
    const line = { down: false };
    const fail = (): Promise<never> =>
      Promise.reject(new OrchestratorError('database_unavailable', 'connection refused'));
    trial.launchExecutor({
      change: (database) => ({
        ...database,
        queue: new Proxy(database.queue, {
          get: (queue, name) => (line.down ? fail : Reflect.get(queue, name).bind(queue)),
        }),
      }),
    });
    await trial.until('all to run', () => trial.world.created.size === 10);
    line.down = true;
    await trial.pass(20_000);
    line.down = false;
    const jobs = await trial.untilEnded(ids, 15_000);
    expect(jobs.map(({ state, attempt }) => [state, attempt])).toEqual(ids.map(() => ['completed', 1]));
    expect(await brokenPromises(trial, ids)).toEqual([]);
  });
});
