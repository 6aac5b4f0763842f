import { attemptId, closed, failure, newJobId, type JobFilter } from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { claimSample, registerSample, sampleContext, sampleExit, sampleJob } from '../testing/samples.ts';
import { onBothDatabases } from './databases.ts';

const everything: JobFilter = { project: null, topic: null, states: null, image: null, labels: {} };

onBothDatabases((db) => {
  test('jobs are listed newest first, live and finished together, in pages that miss and repeat none', async () => {
    const jobs = Array.from({ length: 7 }, () => sampleJob({ topic: 'list' }));
    await db().queue.insertJobs(jobs, sampleContext);
    for (const { id } of jobs.slice(2, 5)) await db().queue.requestCancel(id, sampleContext);
    const filter = { ...everything, topic: 'list' };
    const ids: string[] = [];
    let after: string | null = null;
    do {
      const page = await db().history.listJobs(filter, { after, limit: 3 });
      ids.push(...page.items.map(({ id }) => id));
      after = page.next;
    } while (after !== null);
    expect(ids).toEqual(jobs.map(({ id }) => id).toReversed());
  });

  test('filters: project, topic, states, image and labels, alone and together', async () => {
    const owner = await registerSample(db());
    const red = sampleJob(
      { topic: 'filter' },
      { labels: { team: 'red', tier: '1' }, image: 'apple', name: 'first' },
    );
    const blue = sampleJob({ topic: 'filter', project: 'sky' }, { labels: { team: 'blue' } });
    await db().queue.insertJobs([red, blue], sampleContext);
    const list = async (filter: Partial<JobFilter>) =>
      (await db().history.listJobs({ ...everything, topic: 'filter', ...filter }, { after: null, limit: 10 }))
        .items;
    expect(await list({ project: 'sky' })).toMatchObject([{ id: blue.id, project: 'sky' }]);
    expect(await list({ image: 'apple' })).toMatchObject([{ id: red.id, name: 'first', image: 'apple' }]);
    expect(await list({ labels: { team: 'red', tier: '1' } })).toMatchObject([{ id: red.id }]);
    expect(await list({ labels: { team: 'red', tier: '2' } })).toEqual([]);
    expect(await list({ states: ['running', 'failed'] })).toEqual([]);
    const claimed = await claimSample(db(), owner, 'filter');
    const mine = claimed.find(({ jobId }) => jobId === red.id);
    const why = failure('exit_code', 'it ended with 9');
    const fail = { kind: 'fail', failure: why, lost: false, exit: sampleExit({ exitCode: 9 }) } as const;
    await db().queue.applyWrites(owner, [closed(mine!.id, fail, null)]);
    expect(await list({ states: ['failed'] })).toMatchObject([
      { id: red.id, state: 'failed', exitCode: 9, reason: 'exit_code', attempt: 1 },
    ]);
    expect(await list({ states: ['claimed'] })).toMatchObject([{ id: blue.id }]);
    expect(await list({ states: ['failed'], image: 'other' })).toEqual([]);
  });

  test('rubbish for a cursor is refused by name', async () => {
    const long = Buffer.from(JSON.stringify(['x'.repeat(10_000)])).toString('base64url');
    const text = Buffer.from('["not a uuid"]').toString('base64url');
    for (const after of ['', '%%%', 'AAAA', text, long]) {
      await expect(db().history.listJobs(everything, { after, limit: 3 })).rejects.toMatchObject({
        code: 'bad_cursor',
      });
      const wrongImages = Buffer.from('[1,2]').toString('base64url');
      await expect(db().images.list(null, { after: wrongImages, limit: 3 })).rejects.toMatchObject({
        code: 'bad_cursor',
      });
    }
  });

  test('ids are found by their end, by their beginning, and whole', async () => {
    const [live, done] = [sampleJob({ topic: 'find' }), sampleJob({ topic: 'find' })];
    await db().queue.insertJobs([live, done], sampleContext);
    await db().queue.requestCancel(done.id, sampleContext);
    for (const { id } of [live, done]) {
      expect((await db().history.findJobIds(id.slice(-8), 5)).ids).toEqual([id]);
      expect((await db().history.findJobIds(id, 5)).ids).toEqual([id]);
      expect((await db().history.findJobIds(id.slice(0, 30), 5)).ids).toContain(id);
      expect((await db().history.findJobIds(id.slice(0, 9), 500)).ids).toContain(id);
      expect((await db().history.findJobIds(id.replaceAll('-', '').slice(0, 14), 500)).ids).toContain(id);
    }
    expect((await db().history.findJobIds(`zz'; drop`, 5)).ids).toEqual([]);
    expect((await db().history.findJobIds('0000-0000-0000', 5)).ids).toEqual([]);
    expect(await db().history.findJobIds('zzzz', 5)).toMatchObject({ ids: [], complete: true });
  });

  test('a job and its attempts come together, waiting, live and ended', async () => {
    const { id } = sampleJob({ topic: 'together' });
    await db().queue.insertJobs([sampleJob({ id, topic: 'together' })], sampleContext);
    const read = async () => {
      const found = await db().history.getJobWithAttempts(id);
      expect(found?.job).toEqual(await db().history.getJob(id));
      expect(found?.attempts).toEqual(await db().history.listAttempts(id));
      return found?.attempts.map(({ state }) => state);
    };
    expect(await read()).toEqual([]);
    const owner = await registerSample(db());
    const [attempt] = await claimSample(db(), owner, 'together');
    expect(await read()).toEqual(['launching']);
    await db().queue.applyWrites(owner, [closed(attempt!.id, { kind: 'cancel', exit: null }, null)]);
    expect(await read()).toEqual(['cancelled']);
  });

  test('the newest job is known, of a project and of all', async () => {
    const [older, newer] = [sampleJob({ project: 'latest' }), sampleJob()];
    await db().queue.insertJobs([older, newer], sampleContext);
    expect(await db().history.latestJobId('latest')).toBe(older.id);
    expect(await db().history.latestJobId(null)).toBe(newer.id);
    expect(await db().history.latestJobId('empty')).toBeNull();
  });

  test('what is not known is null or empty', async () => {
    const id = newJobId();
    expect(await db().history.getJob(id)).toBeNull();
    expect(await db().history.getJobWithAttempts(id)).toBeNull();
    expect(await db().history.listAttempts(id)).toEqual([]);
    expect(await db().history.listEvents(id, 0, 10)).toEqual([]);
    expect(await db().history.getLogTail(id, id as never)).toBeNull();
    expect(await db().topics.get('default', 'never-used')).toBeNull();
    expect(await db().images.get('default', 'never-used')).toBeNull();
  });

  test('images are registered, replaced, listed in pages, switched off and on', async () => {
    const image = (name: string) => ({
      project: 'default',
      name,
      reference: `docker.io/${name}:1`,
      command: ['run', 'a "b"'],
      args: null,
      env: { A: '1' },
      resources: { limits: { memory: '1Gi' } },
      labels: { team: 'a' },
      runAsUser: 1000,
    });
    for (const name of ['a', 'b', 'c']) {
      expect(await db().images.put(image(name), sampleContext)).toMatchObject({
        ...image(name),
        active: true,
      });
    }
    const first = await db().images.list('default', { after: null, limit: 2 });
    const second = await db().images.list('default', { after: first.next, limit: 2 });
    expect([...first.items, ...second.items].map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(await db().images.setActive('default', 'a', false, sampleContext)).toMatchObject({
      active: false,
    });
    expect(
      await db().images.put({ ...image('a'), reference: 'new:2', command: null }, sampleContext),
    ).toMatchObject({
      active: true,
      reference: 'new:2',
      command: null,
    });
    expect((await db().images.getMany('default', ['c', 'a', 'nothing'])).map(({ name }) => name)).toEqual([
      'a',
      'c',
    ]);
    await expect(db().images.setActive('default', 'nothing', true, sampleContext)).rejects.toMatchObject({
      code: 'image_not_found',
    });
  });

  test('topics say what stands in them, and since when the oldest waits', async () => {
    const owner = await registerSample(db());
    const old = new Date(Date.now() - 60_000);
    await db().queue.insertJobs(
      [
        sampleJob({ topic: 'standing', priority: 5 }),
        sampleJob({ topic: 'standing', runAt: old }),
        sampleJob({ topic: 'standing', runAt: new Date(Date.now() + 60_000) }),
      ],
      sampleContext,
    );
    await claimSample(db(), owner, 'standing', 1);
    expect(await db().topics.get('default', 'standing')).toEqual({
      project: 'default',
      name: 'standing',
      paused: false,
      limit: null,
      scheduled: 1,
      pending: 1,
      claimed: 1,
      running: 0,
      oldestPendingAt: old,
    });
    expect((await db().topics.list('default')).map(({ name }) => name)).toContain('standing');
  });

  test('executors are listed with what they hold, and a sole one ends all others', async () => {
    const first = await registerSample(db());
    await db().queue.insertJobs([sampleJob({ topic: 'held' })], sampleContext);
    const [held] = await claimSample(db(), first, 'held');
    await db().executors.markDraining(first);
    const find = async (incarnation: string) =>
      (await db().executors.list()).find((executor) => executor.incarnation === incarnation);
    expect(await find(first)).toMatchObject({
      live: true,
      draining: true,
      running: 1,
      topics: null,
      maxRunning: 100,
    });
    const second = await registerSample(db(), undefined, true);
    expect(await find(first)).toMatchObject({ live: false, running: 1 });
    expect(await find(second)).toMatchObject({ live: true });
    const adopted = await db().queue.adoptAttempts({
      owner: second,
      runtimeKey: 'machine/folder',
      limit: 500,
    });
    expect(adopted.find(({ id }) => id === held?.id)).toMatchObject({
      owner: second,
      adoptedWhileLaunching: true,
    });
  });

  test('executors tell what they set aside while they live, and whom they had in hand when they died', async () => {
    const first = await registerSample(db());
    const find = async () => (await db().executors.list()).find(({ incarnation }) => incarnation === first);
    expect((await find())?.setAside).toEqual([]);
    const item = { kind: 'object', jobId: null, name: 'Pod odd', message: 'its “phase” is odd' } as const;
    await db().executors.noteSetAside(first, [item]);
    expect((await find())?.setAside).toEqual([item]);
    const inHand = attemptId('0190a000-2222-4000-8000-00000000aaaa');
    await db().executors.noteInHand(first, inHand);
    const second = await registerSample(db(), undefined, true);
    expect((await find())?.setAside).toEqual([]);
    const { count, withInHand } = await db().executors.deaths(second);
    expect(withInHand.get(inHand)).toBe(1);
    expect(count).toBeGreaterThanOrEqual(1);
    await db().executors.noteInHand(first, null);
    expect(await db().executors.deaths(second)).toEqual({ count, withInHand: new Map() });
    await db().executors.markDraining(second);
    await db().executors.release(second);
    const third = await registerSample(db());
    expect((await db().executors.deaths(third)).count).toBe(count);
  });

  test('upkeep runs, twice, and takes nothing that is needed', async () => {
    const job = sampleJob({ topic: 'upkeep' });
    await db().queue.insertJobs([job], sampleContext, { key: 'upkeep', fingerprint: 'a' });
    await db().maintain();
    await db().maintain();
    await db().ping();
    expect(await db().history.getJob(job.id)).toMatchObject({ state: 'pending' });
    expect(await db().queue.findReplay('default', { key: 'upkeep', fingerprint: 'a' })).toEqual([job.id]);
  });

  test('a wake-up arrives, at once and then at most once per window', async () => {
    const woken: string[] = [];
    const stop = db().wakeUps.subscribe((kind) => woken.push(kind));
    await expect.poll(() => (db().wakeUps.send('cancel'), woken), { timeout: 10_000 }).toContain('cancel');
    stop();
  });
});
