import {
  AttemptListSchema,
  CancelAnswerSchema,
  JobDetailSchema,
  JobPageSchema,
  RetryAnswerSchema,
  SubmitAnswerSchema,
  type JobSummaryDto,
} from '@job-orchestrator/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbeddedApi, type Api } from '../testing/api-fixture.ts';
import { failure } from '../testing/failure.ts';
import { expectShape } from '../testing/shape.ts';

let api: Api;
beforeAll(async () => {
  api = await startEmbeddedApi();
});
afterAll(() => api.close());

const submitOne = async (topic = 'jobs'): Promise<string> => {
  const { jobs } = await api.client.submitJobs({ image: 'shell', topic, command: ['true'] });
  return jobs[0]!.id;
};

describe('submitting', () => {
  it('stores one job and says what the submitter should know', async () => {
    const answer = await api.client.submitJobs({ image: 'first-seen', command: ['true'] });
    expectShape(SubmitAnswerSchema, answer);
    expect(answer).toMatchObject({ jobs: [{ state: 'pending' }], replayed: false });
    expect(answer.notices[0]).toContain('first-seen was not registered');
    expect(answer.notices[1]).toContain('without isolation');
  });

  it('stores many jobs in their order, all or none', async () => {
    const runAt = new Date(Date.now() + 3_600_000).toISOString();
    const { jobs } = await api.client.submitJobs([
      { image: 'shell', name: 'one' },
      { image: 'shell', name: 'two', runAt },
    ]);
    expect(jobs.map((job) => job.state)).toEqual(['pending', 'scheduled']);
    const details = await Promise.all(jobs.map((job) => api.client.getJob(job.id)));
    expect(details.map((job) => [job.spec.name, job.state])).toEqual([
      ['one', 'pending'],
      ['two', 'scheduled'],
    ]);
    expect(details[1]?.waitingFor?.reason).toBe('scheduled');
    const before = await api.client.listJobs({ topic: 'none-of-it' });
    const error = await failure(
      api.client.submitJobs([{ image: 'shell', topic: 'none-of-it' }, { image: 'NO' }]),
    );
    expect(error).toMatchObject({ code: 'invalid_input', problems: [{ field: 'jobs[1].image' }] });
    expect(await api.client.listJobs({ topic: 'none-of-it' })).toEqual(before);
  });

  it('stores the jobs of one Idempotency-Key once', async () => {
    const job = { image: 'shell', topic: 'keyed' };
    const first = await api.client.submitJobs([job, job], { idempotencyKey: 'k 1' });
    const again = await api.client.submitJobs([job, job], { idempotencyKey: 'k 1' });
    expect(again).toMatchObject({ jobs: first.jobs, replayed: true });
    expect((await api.client.listJobs({ topic: 'keyed' })).items.length).toBe(2);
    await api.client.cancelJob(first.jobs[0]!.id);
    const later = await api.client.submitJobs([job, job], { idempotencyKey: 'k 1' });
    expect(later.jobs.map((stored) => stored.state)).toEqual(['cancelled', 'pending']);
  });

  it('refuses an Idempotency-Key with another body, even one that only looks different', async () => {
    await api.client.submitJobs({ image: 'shell', topic: 'keyed' }, { idempotencyKey: 'k 2' });
    const other = api.client.submitJobs({ topic: 'keyed', image: 'shell' }, { idempotencyKey: 'k 2' });
    expect((await failure(other)).code).toBe('idempotency_key_reused');
  });

  it('stores the jobs once where many send the same key at the same time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        api.client.submitJobs({ image: 'shell', topic: 'raced' }, { idempotencyKey: 'k 3' }),
      ),
    );
    expect(new Set(answers.map((answer) => answer.jobs[0]?.id)).size).toBe(1);
    expect(answers.filter((answer) => !answer.replayed).length).toBe(1);
  });

  it('refuses images that nobody registered, or that are disabled, where that is the rule', async () => {
    const strict = await api.serve({ autoRegisterImages: false });
    const unknown = await failure(strict.client.submitJobs({ image: 'nobody-knows' }));
    expect(unknown).toMatchObject({ code: 'image_not_found', problems: [{ field: 'image' }] });
    expect(unknown.message).toContain('image add nobody-knows');
    await strict.client.putImage({ name: 'off', reference: 'busybox' });
    await strict.client.disableImage('off');
    expect((await failure(strict.client.submitJobs({ image: 'off' }))).code).toBe('image_disabled');
  });

  it('refuses outputs where nothing would collect them', async () => {
    const cluster = await api.serve({ runtimeKind: 'kubernetes', outputsSupported: false });
    const error = await failure(cluster.client.submitJobs({ image: 'shell', output: true }));
    expect(error).toMatchObject({ code: 'output_not_supported', problems: [{ field: 'output' }] });
    expect((await cluster.client.submitJobs({ image: 'shell' })).notices).toEqual([]);
  });
});

describe('reading', () => {
  it('tells the whole of a job that ran, failed, ran again and completed', async () => {
    const id = await submitOne();
    await api.driver.end(await api.driver.start(id), 3, 'no luck', 'retry');
    await api.driver.end(await api.driver.start(id), 0, 'luck');
    const job = await api.client.getJob(id);
    expectShape(JobDetailSchema, job);
    expect(job).toMatchObject({ id, state: 'completed', attempt: 2, exitCode: 0, waitingFor: null });
    expect(job.attempts.map((attempt) => [attempt.number, attempt.state, attempt.exitCode])).toEqual([
      [1, 'failed', 3],
      [2, 'succeeded', 0],
    ]);
    const attempts = await api.client.listAttempts(id);
    expectShape(AttemptListSchema, attempts);
    expect(attempts.items).toEqual(job.attempts);
  });

  it('says why a job waits', async () => {
    const id = await submitOne('held');
    await api.client.pauseTopic('held');
    expect((await api.client.getJob(id)).waitingFor).toEqual({
      reason: 'topic_paused',
      message: 'topic held is paused',
    });
    await api.client.resumeTopic('held');
    expect((await api.client.getJob(id)).waitingFor?.reason).toBe('queued');
  });

  it('finds a job by its id, a beginning, an end, in capitals, and as the latest', async () => {
    const id = await submitOne();
    for (const selector of [id, id.slice(-8), id.slice(0, 35), id.toUpperCase(), '@latest'])
      expect((await api.client.getJob(selector)).id).toBe(id);
  });

  it('names five candidates where more than one job fits', async () => {
    const { jobs } = await api.client.submitJobs(Array.from({ length: 7 }, () => ({ image: 'shell' })));
    const error = await failure(api.client.getJob(jobs[0]!.id.slice(0, 8)));
    expect(error.code).toBe('job_ambiguous');
    expect(error.message.match(/[0-9a-f-]{36}/g)?.length).toBe(5);
  });

  it.each(['getJob', 'listAttempts', 'listEvents', 'readLog', 'cancelJob', 'retryJob'] as const)(
    '%s knows no job that does not exist',
    async (method) => {
      for (const selector of ['01900000-0000-7000-8000-000000000000', 'ffffffff'])
        expect((await failure(api.client[method](selector))).code).toBe('job_not_found');
    },
  );
});

describe('listing', () => {
  it('gives each job once, newest first, page by page', async () => {
    const { jobs } = await api.client.submitJobs(
      Array.from({ length: 5 }, () => ({ image: 'shell', topic: 'paged' })),
    );
    const seen: JobSummaryDto[] = [];
    let cursor: string | null = null;
    do {
      const page = await api.client.listJobs({
        topic: 'paged',
        limit: 2,
        ...(cursor === null ? {} : { cursor }),
      });
      expectShape(JobPageSchema, page);
      expect(page.items.length).toBeLessThanOrEqual(2);
      seen.push(...page.items);
      cursor = page.next;
    } while (cursor !== null);
    expect(seen.map((job) => job.id)).toEqual(jobs.map((job) => job.id).toReversed());
  });

  it('refuses a cursor of other filters', async () => {
    await api.client.submitJobs(Array.from({ length: 3 }, () => ({ image: 'shell', topic: 'cursor' })));
    const { next } = await api.client.listJobs({ topic: 'cursor', limit: 1 });
    expect((await failure(api.client.listJobs({ limit: 1, cursor: next! }))).code).toBe('bad_cursor');
  });

  it('narrows by topic, state, image, project and labels', async () => {
    const base = { topic: 'narrow', labels: { team: 'a', tier: 'x' } };
    const { jobs } = await api.client.submitJobs([
      { ...base, image: 'shell' },
      { ...base, image: 'other', labels: { team: 'a' } },
    ]);
    await api.client.cancelJob(jobs[1]!.id);
    const ids = async (query: object): Promise<(string | undefined)[]> =>
      (await api.client.listJobs({ topic: 'narrow', ...query })).items.map((job) => job.id);
    const [first, second] = jobs.map((job) => job.id);
    expect(await ids({})).toEqual([second, first]);
    expect(await ids({ states: ['cancelled'] })).toEqual([second]);
    expect(await ids({ states: ['cancelled', 'pending'] })).toEqual([second, first]);
    expect(await ids({ image: 'shell' })).toEqual([first]);
    expect(await ids({ labels: { team: 'a' } })).toEqual([second, first]);
    expect(await ids({ labels: { team: 'a', tier: 'x' } })).toEqual([first]);
    expect(await ids({ project: 'nobody' })).toEqual([]);
  });
});

describe('changing', () => {
  it('cancels a waiting job at once, and is too late afterwards', async () => {
    const id = await submitOne();
    const answer = await api.client.cancelJob(id, { reason: 'wrong file' });
    expectShape(CancelAnswerSchema, answer);
    expect(answer).toEqual({ answer: 'accepted', state: 'cancelled' });
    expect(await api.client.cancelJob(id)).toEqual({ answer: 'too_late', state: 'cancelled' });
    const { items } = await api.client.listEvents(id);
    expect(items.at(-1)).toMatchObject({ kind: 'cancelled', actor: 'api', reason: 'wrong file' });
  });

  it('asks the executor of a running job, and says so meanwhile', async () => {
    const id = await submitOne();
    await api.driver.start(id);
    expect(await api.client.cancelJob(id)).toEqual({ answer: 'accepted', state: 'running' });
    const job = await api.client.getJob(id);
    expect(job.notes.join()).toContain('cancel was asked for');
  });

  it('retries an ended job as a new job that names the old one', async () => {
    const id = await submitOne();
    expect((await failure(api.client.retryJob(id))).code).toBe('retry_not_ended');
    await api.driver.end(await api.driver.start(id), 1);
    const answer = await api.client.retryJob(id, { reason: 'again' });
    expectShape(RetryAnswerSchema, answer);
    const job = await api.client.getJob(answer.id);
    expect(job).toMatchObject({ state: 'pending', retryOf: id, rootJobId: id, attempt: 0 });
    expect(job.notes.join()).toContain(id);
    expect((await api.client.getJob(id)).state).toBe('failed');
  });

  it('retries with what the image refers to now where that is asked for, and says what changed', async () => {
    const image = 'changing';
    await api.client.putImage({ name: image, reference: 'registry.example/a:1' });
    const { jobs } = await api.client.submitJobs({ image, command: ['false'] });
    const id = jobs[0]!.id;
    await api.driver.end(await api.driver.start(id), 1);
    const again = { currentImage: true, idempotencyKey: 'renewed 1' };
    expect((await api.client.retryJob(id, { currentImage: true })).imageChange).toBeNull();
    await api.client.putImage({ name: image, reference: 'registry.example/b:2', runAsUser: 7 });
    const kept = await api.client.retryJob(id);
    const renewed = await api.client.retryJob(id, again);
    expect(kept.imageChange).toBeNull();
    expect((await api.client.getJob(kept.id)).spec).toMatchObject({ imageReference: 'registry.example/a:1' });
    expectShape(RetryAnswerSchema, renewed);
    expect(renewed.imageChange).toEqual({ from: 'registry.example/a:1', to: 'registry.example/b:2' });
    expect((await api.client.getJob(renewed.id)).spec).toMatchObject({
      imageReference: 'registry.example/b:2',
      runAsUser: 7,
      command: ['false'],
    });
    expect(await api.client.retryJob(id, again)).toEqual(renewed);
    await api.client.disableImage(image);
    expect((await failure(api.client.retryJob(id, { currentImage: true }))).code).toBe('image_disabled');
    for (const job of [kept.id, renewed.id]) await api.client.cancelJob(job);
  });

  it('makes one new job of a retry that is repeated with its key', async () => {
    const id = await submitOne();
    await api.driver.end(await api.driver.start(id), 1);
    const once = await api.client.retryJob(id, { idempotencyKey: 'again 1' });
    expect(await api.client.retryJob(id, { idempotencyKey: 'again 1' })).toEqual(once);
    expect(await api.client.retryJob(id, { idempotencyKey: 'again 2' })).not.toEqual(once);
    const other = api.client.retryJob(once.id, { idempotencyKey: 'again 1' });
    expect((await failure(other)).code).toBe('retry_not_ended');
  });
});
