import type { BeatAnswer, Database, JobId } from '@job-orchestrator/types';
import { describe, expect, test } from 'vitest';
import { brokenPromises } from './testing/trial/check-promises.ts';
import type { TrialExecutorOptions } from './testing/trial/trial-executor.ts';
import { eachTrial } from './testing/trial/each-trial.ts';
import type { Trial } from './testing/trial/trial.ts';

let trial: Trial;
eachTrial((made) => (trial = made));

const work = (seconds: number) => [{ kind: 'sleep', seconds } as const, { kind: 'exit', code: 0 } as const];
const many = <Value>(count: number, make: (index: number) => Promise<Value>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));
const states = (jobs: readonly { state: string; attempt: number }[]) =>
  jobs.map(({ state, attempt }) => `${state} ${attempt}`);

/** A lease that the database takes for expired now. */
const expire = async (executor: { incarnations: readonly unknown[] }): Promise<void> => {
  await trial.database.executors.release(executor.incarnations[0] as never);
};

describe('an executor that is killed', () => {
  test('leaves its jobs to another: what runs is taken over as it is, each object stays the only one', async () => {
    const ids = await many(20, (index) => trial.submit(work(index)));
    const first = trial.launchExecutor();
    await trial.until('all to run', () => trial.world.created.size === 20);
    first.mortal.die();
    await trial.pass(10_000);
    trial.launchExecutor({ sole: true });
    expect(states(await trial.untilEnded(ids))).toEqual(ids.map(() => 'completed 1'));
    expect(await brokenPromises(trial, ids)).toEqual([]);
    expect([...trial.world.created.values()]).toEqual(ids.map(() => 1));
  });

  test('in the middle of its creates leaves tombstones of their names, which the janitor takes away later', async () => {
    const id = await trial.submit(work(1));
    const first = trial.launchExecutor({
      onCall: ({ name, moment }, mortal) => {
        if (name === 'runtime.ensure' && moment === 'after') mortal.die();
      },
    });
    await trial.until('its death', () => first.mortal.dead());
    trial.launchExecutor({ sole: true });
    expect(states(await trial.untilEnded([id]))).toEqual(['completed 1']);
    expect(trial.world.objects.size).toBe(1);
    trial.age(600);
    await trial.until('the janitor', () => trial.world.objects.size === 0);
    expect([...trial.world.created.values()]).toEqual([1]);
  });

  test('once it had found its object on its way out leaves no attempt that another creates anew', async () => {
    const id = await trial.submit(work(1), { retry: { maxRetries: 0, infrastructureRetries: 1 } });
    const dieAt =
      (at: string): NonNullable<TrialExecutorOptions['onCall']> =>
      ({ name, moment }, mortal) => {
        if (`${moment} ${name}` === at) mortal.die();
      };
    const first = trial.launchExecutor({ onCall: dieAt('after runtime.ensure') });
    await trial.until('the first death', () => first.mortal.dead());
    const [going] = trial.world.objects.values();
    trial.world.show(going!.launch.attemptId, { kind: 'terminating', message: 'somebody deleted it' });
    const second = trial.launchExecutor({ sole: true, onCall: dieAt('before runtime.observe') });
    await trial.until('the second death', () => second.mortal.dead());
    trial.world.delete(going!);
    trial.launchExecutor({ sole: true });
    expect(states(await trial.untilEnded([id]))).toEqual(['completed 2']);
    expect([...trial.world.created.values()]).toEqual([1, 1]);
    expect((await trial.database.history.listAttempts(id))[0]?.state).toBe('lost');
  });

  test('is replaced by one of two that run beside it, without a restart', async () => {
    const ids = await many(60, (index) => trial.submit(work(index % 7)));
    // Two of them have no room for all jobs, so each of the three takes part.
    const executors = [1, 2, 3].map((number) =>
      trial.launchExecutor({ name: `executor-${number}`, batchSize: 3, maxRunning: 20 }),
    );
    const [first] = executors;
    await trial.until('some to run', () => trial.world.created.size >= 30);
    first?.mortal.die();
    if (first) await expire(first);
    expect(states(await trial.untilEnded(ids))).toEqual(ids.map(() => 'completed 1'));
    expect(await brokenPromises(trial, ids)).toEqual([]);
    const claims = executors.map(({ mortal }) => mortal.calls.get('runtime.ensure') ?? 0);
    expect(Math.min(...claims)).toBeGreaterThan(0);
  });
});

describe('an executor that lost its lease', () => {
  test('drops everything, and begins a new life with what nobody owns', async () => {
    const ids = await many(10, () => trial.submit(work(30)));
    const executor = trial.launchExecutor();
    await trial.until('all to run', () => trial.world.created.size === 10);
    await expire(executor);
    expect(states(await trial.untilEnded(ids))).toEqual(ids.map(() => 'completed 1'));
    expect(executor.incarnations.length).toBeGreaterThan(2);
    expect(await brokenPromises(trial, ids)).toEqual([]);
  });

  test('creates nothing while it cannot renew it', async () => {
    const line = { down: false };
    const times: number[] = [];
    const change = (database: Database): Database => ({
      ...database,
      ping: () => database.ping(),
      executors: {
        ...database.executors,
        beat: (...beat) =>
          line.down ? Promise.reject(new Error('timeout')) : database.executors.beat(...beat),
      },
    });
    trial.launchExecutor({
      change,
      onCall: ({ name, moment }) => {
        if (name === 'runtime.ensure' && moment === 'before') times.push(trial.clock.monotonicMs());
      },
    });
    await trial.pass(5_000);
    // These are in its hands already, and are tried again every second.
    trial.world.faults.add({ method: 'ensure', fault: { kind: 'busy', retryAfterMs: 1_000 }, times: 1e6 });
    const claimed = await many(5, () => trial.submit(work(1)));
    const isClaimed = async (id: JobId): Promise<boolean> => (await trial.job(id)).attempt === 1;
    await trial.until('the claims', async () => !(await Promise.all(claimed.map(isClaimed))).includes(false));
    line.down = true;
    await trial.pass(10_000);
    trial.world.faults.clear();
    times.length = 0;
    const later = await many(5, () => trial.submit(work(1)));
    const ids = [...claimed, ...later];
    await trial.pass(20_000);
    expect(times).toEqual([]);
    line.down = false;
    expect(states(await trial.untilEnded(ids))).toEqual(ids.map(() => 'completed 1'));
  });
});

describe('a drain', () => {
  test('hands over what runs, untouched, and gives back what was not launched', async () => {
    const running = await many(8, () => trial.submit(work(60)));
    const first = trial.launchExecutor();
    await trial.until('all to run', () => trial.world.created.size === 8);
    trial.world.faults.add({ method: 'ensure', fault: { kind: 'busy', retryAfterMs: 60_000 }, times: 4 });
    const unlaunched = await many(4, () => trial.submit(work(1)));
    await trial.until('the claims', async () => (await trial.job(unlaunched[3]!)).attempt === 1);
    let drained = false;
    void first.executor.drain(10_000).then(() => (drained = true));
    await trial.until('the drain', () => drained, 15_000);
    expect(['pending', 'scheduled']).toContain((await trial.job(unlaunched[0]!)).state);
    trial.launchExecutor();
    const ids = [...running, ...unlaunched];
    const jobs = await trial.untilEnded(ids);
    expect(states(jobs.slice(0, 8))).toEqual(running.map(() => 'completed 1'));
    expect(states(jobs.slice(8))).toEqual(unlaunched.map(() => 'completed 2'));
    expect(await brokenPromises(trial, ids)).toEqual([]);
    expect([...trial.world.created.values()]).toEqual(ids.map(() => 1));
  });
});

describe('a database that went back in time', () => {
  test('makes its executor hear the runtime before it adopts or claims again', async () => {
    const line: { wentBack: boolean; calls: string[] } = { wentBack: false, calls: [] };
    const beat = async (
      database: Database,
      ...args: Parameters<Database['executors']['beat']>
    ): Promise<BeatAnswer> => {
      if (!line.wentBack) return database.executors.beat(...args);
      line.wentBack = false;
      return { kind: 'database_went_back' };
    };
    const executor = trial.launchExecutor({
      change: (database) => ({
        ...database,
        ping: () => database.ping(),
        executors: { ...database.executors, beat: (...args) => beat(database, ...args) },
      }),
      onCall: ({ name, moment }) => {
        if (moment === 'before') line.calls.push(name);
      },
    });
    const ids = await many(5, () => trial.submit(work(20)));
    await trial.until('all to run', () => trial.world.created.size === 5);
    trial.world.faults.add({ method: 'list', fault: { kind: 'unreachable' }, times: 3 });
    line.calls.length = 0;
    line.wentBack = true;
    const late = await trial.submit(work(1));
    await trial.until('a new life', () => line.calls.filter((name) => name === 'runtime.list').length >= 4);
    const registered = line.calls.indexOf('executors.register');
    const firstClaim = line.calls.indexOf('queue.claimJobs', registered);
    const lastList = line.calls.lastIndexOf('runtime.list');
    expect(line.calls.indexOf('queue.adoptAttempts', registered)).toBeGreaterThan(lastList);
    expect(firstClaim === -1 || firstClaim > lastList).toBe(true);
    expect(states(await trial.untilEnded([...ids, late]))).toEqual([...ids, late].map(() => 'completed 1'));
    expect(executor.incarnations.length).toBeGreaterThan(2);
  });
});
