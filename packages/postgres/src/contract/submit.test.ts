import { randomUUID } from 'node:crypto';
import { newJobId } from '@job-orchestrator/types';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jobsPerStatement } from '../sql/insert-jobs.ts';
import { claimSample, registerSample, sampleContext, sampleJob, sampleSpec } from '../testing/samples.ts';
import { onBothDatabases } from './databases.ts';

onBothDatabases((db) => {
  test('a submitted job is there with its spec, unchanged, and its first event', async () => {
    const job = sampleJob(
      { topic: 'submit', priority: 7, rootJobId: newJobId() },
      { name: 'nightly', labels: { team: 'a' } },
    );
    expect(await db().queue.insertJobs([job], sampleContext)).toEqual({ ids: [job.id], replayed: false });
    const record = await db().history.getJob(job.id);
    expect(record).toMatchObject({
      id: job.id,
      project: 'default',
      topic: 'submit',
      state: 'pending',
      priority: 7,
      createdBy: 'tester',
      attempt: 0,
      attemptState: null,
      rootJobId: job.rootJobId,
      retryOf: null,
      retriesUsed: { user: 0, infrastructure: 0, output: 0, unknown: 0, outOfMemory: 0 },
    });
    expect(record?.spec).toEqual(job.spec);
    expect(Math.abs(Date.now() - +(record?.createdAt ?? 0))).toBeLessThan(60_000);
    expect(await db().history.listEvents(job.id, 0, 10)).toEqual([
      expect.objectContaining({ seq: 1, kind: 'submitted', actor: 'tester', reason: 'a test', data: {} }),
    ]);
    expect(await db().history.listEvents(job.id, 1, 10)).toEqual([]);
  });

  test('any text that JSON can carry comes back as it went in', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((some) => !some.includes('\0'));
    await fc.assert(
      fc.asyncProperty(text, text, async (value, name) => {
        const job = sampleJob(
          { topic: 'text' },
          { inputs: { value, list: [value] }, env: { A: value }, name },
        );
        await db().queue.insertJobs([job], { actor: name, reason: value });
        expect((await db().history.getJob(job.id))?.spec).toEqual(job.spec);
        expect((await db().history.listEvents(job.id, 0, 1))[0]).toMatchObject({
          actor: name,
          reason: value,
        });
      }),
      { numRuns: 25 },
    );
  });

  test('more jobs than one statement takes are stored all, or none', async () => {
    const jobs = Array.from({ length: 2 * jobsPerStatement + 1 }, () => sampleJob({ topic: 'pieces' }));
    const twice = [...jobs.slice(0, -1), jobs[0]!];
    await expect(db().queue.insertJobs(twice, sampleContext)).rejects.toThrow();
    expect(await db().topics.get('default', 'pieces')).toBeNull();
    expect(await db().queue.insertJobs(jobs, sampleContext)).toMatchObject({ replayed: false });
    expect(await db().topics.get('default', 'pieces')).toMatchObject({ pending: jobs.length });
  });

  test('jobs of many topics and projects are stored together, and all or none', async () => {
    const [first, second] = [sampleJob({ topic: 'all-1' }), sampleJob({ topic: 'all-2', project: 'other' })];
    await db().queue.insertJobs([first, second], sampleContext);
    expect(await db().topics.get('other', 'all-2')).toMatchObject({ pending: 1 });
    const third = sampleJob({ topic: 'all-1' });
    await expect(db().queue.insertJobs([third, first], sampleContext)).rejects.toThrow(/duplicate key/);
    expect(await db().history.getJob(third.id)).toBeNull();
  });

  test('a key answers a repeated request with the same jobs, and refuses another body', async () => {
    const key = { key: randomUUID(), fingerprint: 'a' };
    const job = sampleJob({ topic: 'key' });
    expect(await db().queue.findReplay('default', key)).toBeNull();
    expect(await db().queue.insertJobs([job], sampleContext, key)).toEqual({
      ids: [job.id],
      replayed: false,
    });
    const again = await db().queue.insertJobs([sampleJob({ topic: 'key' })], sampleContext, key);
    expect(again).toEqual({ ids: [job.id], replayed: true });
    expect(await db().queue.findReplay('default', key)).toEqual([job.id]);
    expect(await db().topics.get('default', 'key')).toMatchObject({ pending: 1 });
    const other = { ...key, fingerprint: 'b' };
    await expect(db().queue.insertJobs([sampleJob()], sampleContext, other)).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
    await expect(db().queue.findReplay('default', other)).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
  });

  test('the same key in another project is another key', async () => {
    const key = { key: randomUUID(), fingerprint: 'a' };
    const [here, there] = [sampleJob(), sampleJob({ project: 'elsewhere' })];
    await db().queue.insertJobs([here], sampleContext, key);
    expect(await db().queue.insertJobs([there], sampleContext, key)).toEqual({
      ids: [there.id],
      replayed: false,
    });
  });

  test('a job for later is scheduled, promoted when due, and says when', async () => {
    const owner = await registerSample(db());
    const job = sampleJob({ topic: 'later', runAt: new Date(Date.now() + 3_600_000) });
    const due = sampleJob({ topic: 'later', runAt: new Date(Date.now() + 2_000) });
    await db().queue.insertJobs([job, due], sampleContext);
    expect(await db().history.getJob(job.id)).toMatchObject({ state: 'scheduled' });
    const next = await db().queue.nextDue(['later']);
    expect(next?.inMs).toBeLessThanOrEqual(2_000);
    expect(await db().queue.nextDue(['nobody-uses-this'])).toBeNull();
    await expect.poll(() => db().queue.promoteDue(100), { timeout: 15_000 }).toBe(1);
    expect((await claimSample(db(), owner, 'later')).map(({ jobId }) => jobId)).toEqual([due.id]);
    const kinds = (await db().history.listEvents(due.id, 0, 10)).map(({ seq, kind }) => [seq, kind]);
    expect(kinds).toEqual([
      [1, 'submitted'],
      [2, 'promoted'],
      [3, 'claimed'],
    ]);
    const after = await db().queue.nextDue(['later']);
    expect(after?.inMs).toBeGreaterThan(3_000_000);
  });

  test('a job that waited past its queue deadline fails, and says so', async () => {
    const late = sampleJob(
      { topic: 'late', runAt: new Date(Date.now() - 120_000) },
      { deadlines: { ...sampleSpec.deadlines, queueSeconds: 60 } },
    );
    const patient = sampleJob({ topic: 'late', runAt: new Date(Date.now() - 120_000) });
    await db().queue.insertJobs([late, patient], sampleContext);
    expect(await db().queue.expireQueued(100)).toEqual([late.id]);
    expect(await db().history.getJob(late.id)).toMatchObject({
      state: 'failed',
      failure: { reason: 'queue_deadline', category: 'timeout' },
    });
    expect(await db().history.getJob(patient.id)).toMatchObject({ state: 'pending' });
    expect(await db().queue.expireQueued(100)).toEqual([]);
  });

  test('a thousand jobs go in at once', async () => {
    const jobs = Array.from({ length: 1_000 }, () => sampleJob({ topic: 'thousand' }));
    await db().queue.insertJobs(jobs, sampleContext);
    expect(await db().topics.get('default', 'thousand')).toMatchObject({ pending: 1_000 });
  });
});
