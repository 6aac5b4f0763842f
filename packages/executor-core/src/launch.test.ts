import { failure, type LiveAttempt, type Logger, type Page } from '@job-orchestrator/types';
import { describe, expect, test } from 'vitest';
import { silentLog } from './testing/silent-log.ts';
import { eachTrial } from './testing/trial/each-trial.ts';
import type { Trial } from './testing/trial/trial.ts';

let trial: Trial;
eachTrial((made) => (trial = made));

const exit = (code: number) => [{ kind: 'exit', code }] as const;
const forever = [{ kind: 'waitForStop' }] as const;

describe('a launch', () => {
  test('whose answer was lost is asked for again under the same name, and opens no second attempt meanwhile', async () => {
    trial.world.faults.add({
      method: 'ensure',
      fault: { kind: 'unresolved', appearsAfterMs: 2_000 },
      times: 4,
    });
    const id = await trial.submit(exit(0));
    trial.launchExecutor();
    const [job] = await trial.untilEnded([id]);
    expect(job).toMatchObject({ state: 'completed', attempt: 1 });
    expect([...trial.world.created.values()]).toEqual([1]);
    // The late create might still come: the object stays as a tombstone of its name.
    trial.age(590);
    await trial.pass(70_000);
    expect(trial.world.objects.size).toBe(1);
    trial.age(10);
    await trial.until('the janitor', () => trial.world.objects.size === 0, 70_000);
  });

  test('that broke off with an error is in doubt: a cancel waits until it is known what became of it', async () => {
    const broken = { kind: 'throws', message: 'nobody knows how far it came' } as const;
    trial.world.faults.add({ method: 'ensure', fault: broken, times: 1e6 });
    const id = await trial.submit(forever);
    trial.launchExecutor();
    await trial.pass(2_000);
    await trial.database.queue.requestCancel(id, { actor: 'trial', reason: 'trial' });
    await trial.pass(20_000);
    expect(await trial.job(id)).toMatchObject({ state: 'claimed', attempt: 1 });
    trial.world.faults.clear();
    expect(await trial.untilEnded([id])).toMatchObject([{ state: 'cancelled', attempt: 1 }]);
  });

  test('that cannot be sent, for the runtime is away, is cancelled at once, and outlives the outage otherwise', async () => {
    const away = { kind: 'busy', reason: 'runtime_unreachable', retryAfterMs: 1_000 } as const;
    trial.world.faults.add({ method: 'ensure', fault: away, times: 1e6 });
    const deadlines = { queueSeconds: 600, startSeconds: 20, runSeconds: 5, finalizeSeconds: 5 };
    const retry = { maxRetries: 0, infrastructureRetries: 0 };
    const [waits, unwanted] = [
      await trial.submit(exit(0), { deadlines, retry }),
      await trial.submit(exit(0), { deadlines, retry }),
    ];
    trial.launchExecutor();
    await trial.pass(5_000);
    await trial.database.queue.requestCancel(unwanted, { actor: 'trial', reason: 'trial' });
    expect(await trial.untilEnded([unwanted], 40_000)).toMatchObject([{ state: 'cancelled' }]);
    await trial.until('the next try', async () => (await trial.job(waits)).attempt > 1);
    trial.world.faults.clear();
    expect(await trial.untilEnded([waits])).toMatchObject([{ state: 'completed' }]);
    expect(trial.world.created.size).toBe(1);
  });

  test('that waited inside the runtime until the lease was over creates nothing, and the adopter creates once', async () => {
    trial.world.faults.add({ method: 'ensure', fault: { kind: 'slow', ms: 200_000 } });
    const id = await trial.submit(exit(0));
    const cut = { off: false };
    const slow = trial.launchExecutor({
      change: (database) => ({
        ...database,
        ping: () => database.ping(),
        executors: {
          ...database.executors,
          beat: (...args) =>
            cut.off ? Promise.reject(new Error('cut off')) : database.executors.beat(...args),
        },
      }),
    });
    await trial.until('the launch', () => (slow.mortal.calls.get('runtime.ensure') ?? 0) === 1);
    cut.off = true;
    await trial.pass(9_000);
    // Its lease is over, and its create still waits somewhere in the runtime, longer than the tombstone of its name stands.
    trial.launchExecutor({ sole: true });
    expect(await trial.untilEnded([id])).toMatchObject([{ state: 'completed', attempt: 1 }]);
    trial.age(600);
    await trial.until('the janitor', () => trial.world.objects.size === 0);
    await trial.pass(200_000);
    expect([...trial.world.created.values()]).toEqual([1]);
  });

  test('that was once unresolved leaves a tombstone, even if the create that succeeded was its own', async () => {
    trial.world.faults.add({ method: 'ensure', fault: { kind: 'unresolved', appearsAfterMs: null } });
    const id = await trial.submit(exit(0));
    trial.launchExecutor();
    expect(await trial.untilEnded([id])).toMatchObject([{ state: 'completed', attempt: 1 }]);
    await trial.pass(10_000);
    expect(trial.world.objects.size).toBe(1);
  });

  test('that stays unresolved holds the attempt open, over its deadline and its cancel', async () => {
    trial.world.faults.add({
      method: 'ensure',
      fault: { kind: 'unresolved', appearsAfterMs: null },
      times: 1e6,
    });
    const deadlines = { queueSeconds: 60, startSeconds: 5, runSeconds: 5, finalizeSeconds: 5 };
    const id = await trial.submit(exit(0), { deadlines });
    trial.launchExecutor();
    await trial.pass(60_000);
    const held = await trial.job(id);
    const waiting = { reason: 'runtime_unreachable', message: 'the answer was lost' };
    expect(held).toMatchObject({ attempt: 1, finishedAt: null, waiting });
    const asked = await trial.database.queue.requestCancel(id, { actor: 'trial', reason: 'trial' });
    expect(asked).toEqual({ kind: 'accepted', state: 'claimed' });
    await trial.pass(60_000);
    expect(await trial.job(id)).toMatchObject({ waiting, cancelRequestedAt: expect.any(Date) as Date });
    expect((await trial.job(id)).finishedAt).toBeNull();
    trial.world.faults.clear();
    expect(await trial.untilEnded([id])).toMatchObject([{ state: 'cancelled', attempt: 1 }]);
  });

  test('that is in doubt while the runtime is too busy can be cancelled, and misses its deadline', async () => {
    const deadlines = { queueSeconds: 60, startSeconds: 30, runSeconds: 5, finalizeSeconds: 5 };
    const late = await trial.submit(forever, { deadlines });
    const unwanted = await trial.submit(forever);
    const lost = { kind: 'unresolved', appearsAfterMs: 60_000 } as const;
    trial.world.faults.add({ method: 'ensure', fault: lost, times: 2 });
    trial.world.faults.add({ method: 'ensure', fault: { kind: 'busy', retryAfterMs: 1_000 }, times: 1e6 });
    trial.launchExecutor();
    await trial.pass(5_000);
    await trial.database.queue.requestCancel(unwanted, { actor: 'trial', reason: 'trial' });
    expect(await trial.untilEnded([late, unwanted], 45_000)).toMatchObject([
      { state: 'failed', failure: { reason: 'start_deadline' } },
      { state: 'cancelled' },
    ]);
    await trial.until('the late objects', () => trial.world.objects.size === 2);
    trial.age(600);
    await trial.until('the janitor', () => trial.world.objects.size === 0, 150_000);
  });

  test('that the runtime is too busy for costs nothing', async () => {
    trial.world.faults.add({ method: 'ensure', fault: { kind: 'busy', retryAfterMs: 1_000 }, times: 5 });
    const id = await trial.submit(exit(0), { retry: { maxRetries: 0, infrastructureRetries: 0 } });
    trial.launchExecutor();
    expect(await trial.untilEnded([id])).toMatchObject([{ state: 'completed', attempt: 1 }]);
    await trial.until('clean-up', () => trial.world.objects.size === 0);
  });

  test('is not made again for an attempt that was closed, because an old answer shows it unlaunched', async () => {
    trial.world.faults.add({ method: 'ensure', fault: { kind: 'busy', retryAfterMs: 60_000 } });
    const id = await trial.submit(exit(0));
    const late: { page: Page<LiveAttempt> | null; served: boolean } = { page: null, served: false };
    trial.launchExecutor({
      change: (database) => ({
        ...database,
        ping: () => database.ping(),
        queue: {
          ...database.queue,
          ownAttempts: async (owner, request) => {
            if (late.page) {
              late.served = true;
              return late.page;
            }
            const page = await database.queue.ownAttempts(owner, request);
            if (page.items.some(({ launchedAt }) => launchedAt === null)) late.page = page;
            return page;
          },
        },
      }),
    });
    expect(await trial.untilEnded([id])).toMatchObject([{ state: 'completed', attempt: 1 }]);
    await trial.until('clean-up', () => trial.world.objects.size === 0);
    await trial.until('the old page', () => late.served);
    await trial.pass(10_000);
    expect([...trial.world.created.values()]).toEqual([1]);
  });

  test('that waits for the same reason in ever new words tells them once a minute', async () => {
    const used = { count: 0 };
    const message = (): string => `exceeded quota, used: ${(used.count += 1)}`;
    const busy = { kind: 'busy', retryAfterMs: 1_000, message } as const;
    trial.world.faults.add({ method: 'ensure', fault: busy, times: 1e6 });
    const id = await trial.submit(exit(0));
    trial.launchExecutor();
    await trial.pass(150_000);
    expect(used.count).toBeGreaterThan(5);
    const events = await trial.database.history.listEvents(id, 0, 500);
    const told = events.filter(({ kind }) => kind === 'waiting').map(({ reason }) => reason);
    expect(told[0]).toBe('exceeded quota, used: 1');
    expect(told.length).toBe(3);
  });

  test('goes before the removal of what has ended, which follows when no launch is left', async () => {
    const ended = await trial.submit(exit(0));
    trial.launchExecutor();
    await trial.until('the end seen', async () => (await trial.job(ended)).finishedAt !== null);
    await trial.until('its removal', () => trial.world.objects.size === 0);
    trial.world.faults.add({ method: 'ensure', fault: { kind: 'slow', ms: 30_000 } });
    const [slow, quick] = [await trial.submit(exit(0)), await trial.submit(exit(0))];
    await trial.untilEnded([quick]);
    await trial.pass(10_000);
    expect(trial.world.objects.size).toBe(1);
    expect(await trial.untilEnded([slow])).toMatchObject([{ state: 'completed', attempt: 1 }]);
    await trial.until('both removals', () => trial.world.objects.size === 0);
    expect([...trial.world.created.values()]).toEqual([1, 1, 1]);
  });

  test('that a runtime out of reach does not take is told in the log, the first of them', async () => {
    const message = (): string => 'jobs is forbidden';
    const out = { kind: 'busy', reason: 'runtime_unreachable', retryAfterMs: 1_000, message } as const;
    trial.world.faults.add({ method: 'ensure', fault: out, times: 10 });
    const told: unknown[] = [];
    const warn: Logger['warn'] = (fields, text) => void (/took no launch/.test(text) && told.push(fields));
    const ids = [await trial.submit(exit(0)), await trial.submit(exit(0)), await trial.submit(exit(0))];
    trial.launchExecutor({ log: { ...silentLog, warn } });
    await trial.untilEnded(ids);
    expect(told).toMatchObject([{ why: expect.stringContaining('jobs is forbidden') as string }]);
  });

  test('that is refused fails the job with the reason that was given', async () => {
    const refusal = failure('launch_refused', 'denied by the admission policy');
    trial.world.faults.add({ method: 'ensure', fault: { kind: 'refused', failure: refusal } });
    const id = await trial.submit(exit(0));
    trial.launchExecutor();
    const [job] = await trial.untilEnded([id]);
    expect(job).toMatchObject({ state: 'failed', failure: { message: 'denied by the admission policy' } });
  });

  test('that finds its object on its way out never makes another: the attempt is lost', async () => {
    trial.world.faults.add({ method: 'ensure', fault: { kind: 'terminating' } });
    const id = await trial.submit(exit(0), { retry: { maxRetries: 0, infrastructureRetries: 1 } });
    trial.launchExecutor();
    expect(await trial.untilEnded([id])).toMatchObject([{ state: 'completed', attempt: 2 }]);
    const [first] = await trial.database.history.listAttempts(id);
    expect(first?.state).toBe('lost');
  });
});
