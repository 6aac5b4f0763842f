import { newIncarnationId } from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import {
  claimSample,
  registerSample,
  sampleContext,
  sampleExit,
  sampleJob,
  sampleRuntime,
} from '../testing/samples.ts';
import { closed, released } from '@job-orchestrator/types';
import { onBothDatabases } from './databases.ts';

onBothDatabases((db) => {
  test('a claim gives new attempts in state launching, with the whole spec', async () => {
    const owner = await registerSample(db());
    const job = sampleJob({ topic: 'claim' });
    await db().queue.insertJobs([job], sampleContext);
    const [attempt, ...others] = await claimSample(db(), owner, 'claim');
    expect(others).toEqual([]);
    expect(attempt).toMatchObject({
      jobId: job.id,
      number: 1,
      owner,
      runtimeKey: sampleRuntime,
      project: 'default',
      topic: 'claim',
      state: 'launching',
      launchedAt: null,
      object: null,
      adoptedWhileLaunching: false,
      stopIntent: null,
      cancelRequestedAt: null,
    });
    expect(attempt?.spec).toEqual(job.spec);
    expect(await db().history.getJob(job.id)).toMatchObject({ state: 'claimed', attempt: 1 });
    const { items, next } = await db().queue.ownAttempts(owner, { after: null, limit: 10 });
    expect(items).toEqual([attempt]);
    expect(next).toBeNull();
    expect(await claimSample(db(), owner, 'claim')).toEqual([]);
  });

  test('claims that know one open topic still meet a higher priority, a second topic, a pause and a limit', async () => {
    const owner = await registerSample(db());
    const { queue, topics } = db();
    const claimOne = async (): Promise<string | undefined> => {
      const request = { owner, runtimeKey: sampleRuntime, topics: ['sole', 'second'], limit: 1 };
      return (await queue.claimJobs(request))[0]?.jobId;
    };
    const inTopic = async (topic: string, priority = 0): Promise<string> => {
      const job = sampleJob({ topic, priority });
      await queue.insertJobs([job], sampleContext);
      return job.id;
    };
    const usual = [];
    for (let index = 0; index < 8; index += 1) usual.push(await inTopic('sole'));
    expect([await claimOne(), await claimOne()]).toEqual(usual.slice(0, 2));
    const urgent = await inTopic('sole', 5);
    expect([await claimOne(), await claimOne()]).toEqual([urgent, usual[2]]);
    const other = await inTopic('second', 9);
    expect([await claimOne(), await claimOne()]).toEqual([other, usual[3]]);
    await topics.setPaused('default', 'sole', true, sampleContext);
    expect(await claimOne()).toBeUndefined();
    await topics.setPaused('default', 'sole', false, sampleContext);
    expect(await claimOne()).toBe(usual[4]);
    await topics.setLimit('default', 'sole', 5, sampleContext);
    expect(await claimOne()).toBeUndefined();
    await topics.setLimit('default', 'sole', 7, sampleContext);
    expect([await claimOne(), await claimOne()]).toEqual([usual[5], undefined]);
  });

  test('the order is priority, then the time it was due, then the id', async () => {
    const owner = await registerSample(db());
    const at = (secondsAgo: number) => new Date(Date.now() - secondsAgo * 1_000);
    const [old, young] = [at(100), at(10)];
    const jobs = [
      sampleJob({ topic: 'order', runAt: young, priority: 0 }),
      sampleJob({ topic: 'order', runAt: old, priority: -5 }),
      sampleJob({ topic: 'order', runAt: young, priority: 9 }),
      sampleJob({ topic: 'order', runAt: old, priority: 0 }),
      sampleJob({ topic: 'order', runAt: young, priority: 0 }),
    ];
    await db().queue.insertJobs(jobs, sampleContext);
    const first = await claimSample(db(), owner, 'order', 3);
    const rest = await claimSample(db(), owner, 'order', 3);
    const order = [...first, ...rest].map(({ jobId }) => jobs.findIndex(({ id }) => id === jobId));
    expect(order).toEqual([2, 3, 0, 4, 1]);
  });

  test('a limit of the request holds over all topics together', async () => {
    const owner = await registerSample(db());
    const jobs = ['many-1', 'many-2', 'many-3'].flatMap((topic) => [
      sampleJob({ topic }),
      sampleJob({ topic }),
    ]);
    await db().queue.insertJobs(jobs, sampleContext);
    const request = { owner, runtimeKey: sampleRuntime, topics: ['many-1', 'many-2', 'many-3'] };
    expect(await db().queue.claimJobs({ ...request, limit: 4 })).toHaveLength(4);
    expect(await db().queue.claimJobs({ ...request, limit: 4 })).toHaveLength(2);
    expect(await db().queue.claimJobs({ ...request, limit: 0 })).toEqual([]);
  });

  test('a paused topic gives nothing until it goes on', async () => {
    const owner = await registerSample(db());
    await db().queue.insertJobs([sampleJob({ topic: 'paused' })], sampleContext);
    expect(await db().topics.setPaused('default', 'paused', true, sampleContext)).toMatchObject({
      paused: true,
    });
    expect(await claimSample(db(), owner, 'paused')).toEqual([]);
    await db().topics.setPaused('default', 'paused', false, sampleContext);
    expect(await claimSample(db(), owner, 'paused')).toHaveLength(1);
  });

  test('without a live lease, or for another runtime, nothing is claimed', async () => {
    const owner = await registerSample(db());
    await db().queue.insertJobs([sampleJob({ topic: 'lease' })], sampleContext);
    const request = { owner, runtimeKey: sampleRuntime, topics: ['lease'], limit: 5 };
    expect(await db().queue.claimJobs({ ...request, owner: newIncarnationId() })).toEqual([]);
    expect(await db().queue.claimJobs({ ...request, runtimeKey: 'elsewhere' })).toEqual([]);
    await db().executors.release(owner);
    expect(await db().queue.claimJobs(request)).toEqual([]);
    const other = await registerSample(db());
    expect(await db().queue.claimJobs({ ...request, owner: other })).toHaveLength(1);
  });

  test('a limited topic gives as many as it has slots, and again what is freed', async () => {
    const owner = await registerSample(db());
    const jobs = Array.from({ length: 6 }, () => sampleJob({ topic: 'limited' }));
    await db().queue.insertJobs(jobs, sampleContext);
    expect(await db().topics.setLimit('default', 'limited', 2, sampleContext)).toMatchObject({ limit: 2 });
    const [one, two, ...more] = await claimSample(db(), owner, 'limited');
    expect(more).toEqual([]);
    if (one === undefined || two === undefined) throw new Error('two were expected');
    expect(await claimSample(db(), owner, 'limited')).toEqual([]);
    await db().queue.applyWrites(owner, [closed(one.id, { kind: 'succeed', exit: sampleExit() }, null)]);
    expect(await claimSample(db(), owner, 'limited')).toHaveLength(1);
    await db().queue.applyWrites(owner, [released(two.id, 0, 'no room')]);
    expect(await claimSample(db(), owner, 'limited')).toHaveLength(1);
    expect(await db().queue.auditCounters()).toEqual([]);
    await db().topics.setLimit('default', 'limited', null, sampleContext);
    expect(await claimSample(db(), owner, 'limited')).toHaveLength(3);
  });

  test('a limit that is set while jobs run counts them', async () => {
    const owner = await registerSample(db());
    await db().queue.insertJobs(
      Array.from({ length: 5 }, () => sampleJob({ topic: 'later-limited' })),
      sampleContext,
    );
    expect(await claimSample(db(), owner, 'later-limited', 2)).toHaveLength(2);
    await db().topics.setLimit('default', 'later-limited', 3, sampleContext);
    expect(await claimSample(db(), owner, 'later-limited')).toHaveLength(1);
  });

  test('own attempts come in pages, in order of id', async () => {
    const owner = await registerSample(db());
    await db().queue.insertJobs(
      Array.from({ length: 5 }, () => sampleJob({ topic: 'pages' })),
      sampleContext,
    );
    const claimed = await claimSample(db(), owner, 'pages');
    const first = await db().queue.ownAttempts(owner, { after: null, limit: 3 });
    const second = await db().queue.ownAttempts(owner, { after: first.next, limit: 3 });
    expect(second.next).toBeNull();
    const ids = [...first.items, ...second.items].map(({ id }) => id);
    expect(ids).toEqual(claimed.map(({ id }) => id).toSorted());
  });
});
