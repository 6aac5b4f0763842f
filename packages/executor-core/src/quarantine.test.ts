import { freshDatabase, onServer } from '@job-orchestrator/postgres/testing';
import type { AttemptId, AttemptRef } from '@job-orchestrator/types';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { brokenPromises } from './testing/trial/check-promises.ts';
import type { TrialExecutorOptions } from './testing/trial/trial-executor.ts';
import { createTrial, type Trial } from './testing/trial/trial.ts';

// A database for each test: deaths of half an hour count.
let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let trial: Trial;
beforeEach(async () => {
  fresh = await freshDatabase();
  trial = createTrial(fresh.database);
});
afterEach(async () => {
  trial.end();
  await fresh.close();
});

const forever = [{ kind: 'waitForStop' }] as const;
const work = [{ kind: 'sleep', seconds: 60 } as const, { kind: 'exit', code: 0 } as const];
const setAside = async () =>
  (await trial.database.executors.list()).filter(({ live }) => live).flatMap((executor) => executor.setAside);
const attemptOf = async (id: Awaited<ReturnType<Trial['submit']>>): Promise<AttemptId> =>
  (await trial.database.history.listAttempts(id))[0]!.id;

describe('an attempt whose work throws', () => {
  test('is told of from the second time on, and no more once it works; the others go on', async () => {
    const bad = await trial.submit(work);
    const rule = { method: 'ensure', fault: { kind: 'throws', message: 'no such field' }, times: 4 } as const;
    trial.world.faults.add({ ...rule, matches: (ref) => ref?.jobId === bad });
    const good = await trial.submit([{ kind: 'exit', code: 0 }]);
    trial.launchExecutor();
    expect(await trial.untilEnded([good])).toMatchObject([{ state: 'completed', attempt: 1 }]);
    await trial.until('it is told', async () => (await setAside()).length === 1);
    expect(await setAside()).toMatchObject([
      { kind: 'attempt', jobId: bad, message: expect.stringContaining('no such field') as string },
    ]);
    expect((await trial.job(bad)).waiting).toMatchObject({ reason: 'set_aside' });
    await trial.until('it works', async () => (await trial.job(bad)).state === 'running');
    await trial.until('nothing is set aside', async () => (await setAside()).length === 0);
    expect(await trial.untilEnded([bad])).toMatchObject([{ state: 'completed', attempt: 1 }]);
  });

  test('that runs is told of too, and stays running', async () => {
    const bad = await trial.submit(forever);
    trial.launchExecutor();
    await trial.until('it runs', async () => (await trial.job(bad)).state === 'running');
    const attempt = await attemptOf(bad);
    const rule = {
      method: 'observe',
      fault: { kind: 'throws', message: 'unknown phase' },
      times: 1_000,
    } as const;
    trial.world.faults.add({ ...rule, matches: (ref) => ref?.attemptId === attempt });
    trial.world.show(attempt, null);
    await trial.until('it is told', async () => (await setAside()).length === 1);
    expect(await trial.job(bad)).toMatchObject({ state: 'running', waiting: null });
    trial.world.faults.clear();
    await trial.until('nothing is set aside', async () => (await setAside()).length === 0);
  });
});

test('objects that cannot be read are told of while they are there', async () => {
  trial.launchExecutor();
  const object = {
    kind: 'object',
    jobId: null,
    name: 'Pod odd',
    message: 'status.phase "Odd" is not known',
  } as const;
  trial.world.unreadable.add(object);
  await trial.until('it is told', async () => (await setAside()).length === 1);
  expect(await setAside()).toEqual([object]);
  trial.world.unreadable.clear();
  await trial.until('it is told no more', async () => (await setAside()).length === 0);
});

describe('an attempt that executors die over', () => {
  /** Dies when it is about to look at this attempt. */
  const dyingOver = (attempt: AttemptId): NonNullable<TrialExecutorOptions['onCall']> => {
    return ({ name, moment, args }, mortal) => {
      if (name === 'runtime.observe' && moment === 'before' && (args[0] as AttemptRef).attemptId === attempt)
        mortal.die();
    };
  };

  test('is left alone after three deaths with it in hand, its program untouched; the others go on', async () => {
    const deadly = await trial.submit(forever);
    const others = await trial.submitMany(5, work);
    const first = trial.launchExecutor();
    const ids = [deadly, ...others];
    const allRun = async () =>
      (await Promise.all(ids.map((id) => trial.job(id)))).every(({ state }) => state === 'running');
    await trial.until('all to run', allRun);
    const attempt = await attemptOf(deadly);
    first.mortal.die();
    let deaths = 1;
    for (;;) {
      const executor = trial.launchExecutor({ sole: true, onCall: dyingOver(attempt) });
      await trial.until(
        'its death, or that it leaves one alone',
        async () => executor.mortal.dead() || (await setAside()).length > 0,
      );
      if (!executor.mortal.dead()) break;
      deaths += 1;
    }
    // Two that nobody can be blamed for, and three with it in hand.
    expect(deaths).toBe(5);
    expect(await setAside()).toMatchObject([{ kind: 'attempt', jobId: deadly, name: attempt }]);
    expect(await trial.job(deadly)).toMatchObject({ state: 'running', attempt: 1 });
    expect(trial.world.of(attempt).stopAsked).toBe(false);
    expect((await trial.untilEnded(others)).map(({ state }) => state)).toEqual(others.map(() => 'completed'));
    const { name } = trial.world.of(attempt).object;
    expect(await brokenPromises(trial, others)).toEqual([`${name} still runs`]);
  });

  test('is looked at again by another version', async () => {
    const deadly = await trial.submit(work);
    const first = trial.launchExecutor();
    await trial.until('it runs', async () => (await trial.job(deadly)).state === 'running');
    const attempt = await attemptOf(deadly);
    first.mortal.die();
    for (let death = 2; death <= 5; death += 1) {
      const next = trial.launchExecutor({ sole: true, onCall: dyingOver(attempt) });
      await trial.until(`death ${death}`, () => next.mortal.dead());
    }
    trial.launchExecutor({ sole: true, version: '0.0.1' });
    expect(await trial.untilEnded([deadly])).toMatchObject([{ state: 'completed', attempt: 1 }]);
  });
});

test('two deaths that nobody can be blamed for cost one small write an attempt, and nothing else', async () => {
  const ids = await trial.submitMany(10, work);
  for (const _ of [1, 2]) {
    const executor = trial.launchExecutor({ sole: true });
    await trial.until(
      'all to run',
      async () =>
        (await trial.job(ids[9]!)).state === 'running' && executor.mortal.calls.has('queue.adoptAttempts'),
    );
    executor.mortal.die();
  }
  const third = trial.launchExecutor({ sole: true });
  expect((await trial.untilEnded(ids)).map(({ state, attempt }) => `${state} ${attempt}`)).toEqual(
    ids.map(() => 'completed 1'),
  );
  expect(third.mortal.calls.get('executors.noteInHand')).toBe(ids.length + 1);
  expect(await setAside()).toEqual([]);
});

test('a row whose spec is not as it must be is told of, and can be cancelled; the others go on', async () => {
  const ids = await trial.submitMany(3, [{ kind: 'exit', code: 0 }]);
  const [bad, ...good] = ids;
  await onServer(fresh.url, `update job_specs set spec = '{"image": "shell"}' where id = '${bad}'`);
  trial.launchExecutor();
  expect((await trial.untilEnded(good)).map(({ state }) => state)).toEqual(['completed', 'completed']);
  await trial.until('it is told', async () => (await setAside()).length === 1);
  expect(await setAside()).toMatchObject([{ kind: 'attempt', jobId: bad }]);
  await trial.database.queue.requestCancel(bad!, { actor: 'anna', reason: 'it cannot run' });
  expect(await trial.untilEnded([bad!])).toMatchObject([{ state: 'cancelled' }]);
});
