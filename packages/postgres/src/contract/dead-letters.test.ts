import {
  closed,
  failure,
  newJobId,
  type DeadLetterFilter,
  type FailureReason,
  type JobId,
  type JobSpec,
} from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { claimSample, registerSample, sampleContext, sampleExit, sampleJob } from '../testing/samples.ts';
import { onBothDatabases } from './databases.ts';

onBothDatabases((db) => {
  const any: DeadLetterFilter = {
    jobs: null,
    project: null,
    topic: null,
    image: null,
    labels: {},
    category: null,
    reason: null,
  };
  const page = { after: null, limit: 50 };
  const failed = async (
    topic: string,
    reason: FailureReason,
    spec: Partial<JobSpec> = {},
  ): Promise<JobId> => {
    const owner = await registerSample(db());
    const job = sampleJob({ topic }, spec);
    await db().queue.insertJobs([job], sampleContext);
    const [attempt] = await claimSample(db(), owner, topic);
    if (attempt === undefined) throw new Error('nothing was claimed');
    const why = failure(reason, `because of ${reason}`);
    const end = { kind: 'fail', failure: why, lost: false, exit: sampleExit({ exitCode: 3 }) } as const;
    await db().queue.applyWrites(owner, [closed(attempt.id, end, null)]);
    return job.id;
  };
  const redriveOf = (id: JobId) => ({ failed: id, job: { ...sampleJob(), id: newJobId(), retryOf: id } });
  const list = async (filter: Partial<DeadLetterFilter>) =>
    (await db().deadLetters.list({ ...any, ...filter }, page)).items;

  test('a failed job is listed with what it died of, newest first, and by every filter', async () => {
    const one = await failed('dl-list', 'exit_code', { labels: { team: 'a' } });
    const two = await failed('dl-list', 'oom_killed');
    expect((await list({ topic: 'dl-list' })).map(({ id }) => id)).toEqual([two, one]);
    expect(await list({ topic: 'dl-list', category: 'out_of_memory' })).toMatchObject([
      {
        id: two,
        reason: 'oom_killed',
        category: 'out_of_memory',
        message: 'because of oom_killed',
        attempt: 1,
      },
    ]);
    expect(await list({ topic: 'dl-list', reason: 'exit_code' })).toMatchObject([{ id: one }]);
    expect(await list({ labels: { team: 'a' } })).toMatchObject([{ id: one }]);
    expect(await list({ jobs: [two] })).toMatchObject([{ id: two }]);
    expect(await list({ topic: 'dl-list', image: 'other' })).toEqual([]);
    expect(await db().deadLetters.count({ ...any, topic: 'dl-list' })).toBe(2);
    const first = await db().deadLetters.list({ ...any, topic: 'dl-list' }, { after: null, limit: 1 });
    const rest = await db().deadLetters.list({ ...any, topic: 'dl-list' }, { after: first.next, limit: 1 });
    expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual([two, one]);
  });

  test('what is redriven leaves the list, names the new job, and stays failed', async () => {
    const id = await failed('dl-redrive', 'exit_code');
    const redrive = redriveOf(id);
    const why = { actor: 'anna', reason: 'mended' };
    expect(await db().deadLetters.redrive([redrive], why)).toEqual(new Set([id]));
    expect(await list({ topic: 'dl-redrive' })).toEqual([]);
    expect(await db().deadLetters.decision(id)).toMatchObject({
      kind: 'redriven',
      newJobId: redrive.job.id,
      ...why,
    });
    expect(await db().history.getJob(id)).toMatchObject({ state: 'failed' });
    expect(await db().history.getJob(redrive.job.id)).toMatchObject({ retryOf: id, createdBy: 'anna' });
  });

  test('of several who redrive the same job at once one does, and one new job exists', async () => {
    const id = await failed('dl-race', 'exit_code');
    const redrives = Array.from({ length: 4 }, () => redriveOf(id));
    const answers = await Promise.all(
      redrives.map((each) => db().deadLetters.redrive([each], sampleContext)),
    );
    expect(answers.filter((answer) => answer.has(id))).toHaveLength(1);
    const made = await Promise.all(redrives.map(({ job }) => db().history.getJob(job.id)));
    expect(made.filter((job) => job !== null)).toHaveLength(1);
  });

  test('what is discarded leaves the list for good, and cannot be redriven', async () => {
    const id = await failed('dl-discard', 'exit_code');
    expect(await db().deadLetters.discard([id], sampleContext)).toEqual(new Set([id]));
    expect(await db().deadLetters.discard([id], sampleContext)).toEqual(new Set());
    expect(await db().deadLetters.redrive([redriveOf(id)], sampleContext)).toEqual(new Set());
    expect(await list({ topic: 'dl-discard' })).toEqual([]);
    expect(await db().deadLetters.decision(id)).toMatchObject({ kind: 'discarded', newJobId: null });
  });

  test('a job that did not fail is no dead letter', async () => {
    const job = sampleJob({ topic: 'dl-none' });
    await db().queue.insertJobs([job], sampleContext);
    expect(await db().deadLetters.discard([job.id, newJobId()], sampleContext)).toEqual(new Set());
    expect(await db().deadLetters.redrive([redriveOf(job.id)], sampleContext)).toEqual(new Set());
    expect(await db().deadLetters.decision(job.id)).toBeNull();
  });
});
