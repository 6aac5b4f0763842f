import { freshDatabase, freshEmbedded, type FreshDatabase } from '@job-orchestrator/postgres/testing';
import {
  incarnationId,
  closed,
  newDagRunId,
  newJobId,
  shortId,
  validateJobBatch,
  type JobId,
  type WakeUp,
} from '@job-orchestrator/types';
import { dagRules } from './testing/no-dag-rules.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OperationDeps } from './dependencies.ts';
import { putImage, setImageActive } from './images/images.ts';
import { cancelJob } from './jobs/cancel-job.ts';
import { findJob } from './jobs/find-job.ts';
import { retryJob } from './jobs/retry-job.ts';
import { submitJobs } from './jobs/submit-jobs.ts';
import { limitTopic, pauseTopic, resumeTopic } from './topics/topics.ts';

const context = { actor: 'tester', reason: 'a test' };

describe.each([
  ['PostgreSQL', freshDatabase],
  ['the embedded database', freshEmbedded],
])('on %s', (_name, open) => {
  let fresh: FreshDatabase;
  let deps: OperationDeps;
  const heard: WakeUp[] = [];

  beforeAll(async () => {
    fresh = await open();
    deps = {
      database: fresh.database,
      newJobId,
      newDagRunId,
      dagRules,
      outputsSupported: true,
      autoRegisterImages: false,
    };
    fresh.database.wakeUps.subscribe((kind) => heard.push(kind));
    await putImage(
      deps,
      {
        name: 'etl',
        reference: 'registry.example/etl:1',
        command: ['etl'],
        args: ['--all'],
        env: { A: 'image', B: 'image' },
        resources: { requests: { cpu: '1', memory: '1Gi' } },
        labels: { team: 'data' },
        runAsUser: 1000,
      },
      context,
    );
  });

  afterAll(() => fresh.close());

  const submit = async (job: object, key?: string): Promise<JobId> => {
    const idempotency = key === undefined ? undefined : { key, fingerprint: JSON.stringify(job) };
    const answer = await submitJobs(
      deps,
      validateJobBatch({ image: 'etl', ...job }).jobs,
      context,
      idempotency,
    );
    return answer.ids[0]!;
  };

  /** Claims one job and closes its attempt as succeeded, as an executor would. */
  const finish = async (id: JobId): Promise<void> => {
    const owner = incarnationId(newJobId());
    const runtimeKey = `key-${owner}`;
    const executor = {
      name: 'x',
      runtimeKind: 'process',
      topics: null,
      maxRunning: 1,
      version: '0',
    } as const;
    await deps.database.executors.register({ incarnation: owner, runtimeKey, ...executor }, owner, false);
    const attempts = await deps.database.queue.claimJobs({ owner, runtimeKey, topics: null, limit: 100 });
    const exit = {
      exitCode: 0,
      startedAt: null,
      finishedAt: new Date(),
      failure: null,
      node: null,
      imageDigest: null,
    };
    const writes = attempts.map(({ id: attempt }) =>
      closed(attempt, { kind: 'succeed', exit: { ...exit, output: { kind: 'none' } } }, null),
    );
    await deps.database.queue.applyWrites(owner, writes);
    expect((await deps.database.history.getJob(id))?.state).toBe('completed');
  };

  test('a job inherits what its image says and overrides it field by field', async () => {
    const id = await submit({
      env: { B: 'job' },
      resources: { requests: { cpu: '2' } },
      labels: { run: '7' },
    });
    const job = await deps.database.history.getJob(id);
    expect(job?.spec).toMatchObject({
      imageReference: 'registry.example/etl:1',
      command: ['etl'],
      args: ['--all'],
      env: { A: 'image', B: 'job' },
      resources: { requests: { cpu: '2', memory: '1Gi' } },
      labels: { team: 'data', run: '7' },
      runAsUser: 1000,
    });
    expect(job).toMatchObject({ state: 'pending', createdBy: 'tester', topic: 'default', priority: 0 });
  });

  test('what only breaks a rule once the image is merged in is refused, and nothing is stored', async () => {
    const low = validateJobBatch({
      image: 'etl',
      name: 'low',
      resources: { limits: { memory: '512Mi' } },
    }).jobs;
    await expect(submitJobs(deps, low, context)).rejects.toMatchObject({
      code: 'invalid_input',
      problems: [{ field: 'resources.requests.memory', limit: '512Mi', value: '1Gi' }],
    });
    const labels = Object.fromEntries(Array.from({ length: 32 }, (_, index) => [`k${index}`, 'v']));
    await expect(
      submitJobs(deps, validateJobBatch({ image: 'etl', labels }).jobs, context),
    ).rejects.toMatchObject({
      problems: [{ field: 'labels', limit: 32 }],
    });
  });

  test('a job with a command of its own does not inherit the arguments of the image', async () => {
    const job = await deps.database.history.getJob(await submit({ command: ['sh', '-c', 'true'] }));
    expect(job?.spec).toMatchObject({ command: ['sh', '-c', 'true'], args: null });
  });

  test('an unknown image is refused with the command that adds it, and nothing is stored', async () => {
    const jobs = validateJobBatch([{ image: 'etl', name: 'half' }, { image: 'nope' }]).jobs;
    await expect(submitJobs(deps, jobs, context)).rejects.toMatchObject({
      code: 'image_not_found',
      message: expect.stringContaining('job-orchestrator image add nope') as string,
      problems: [{ field: 'jobs[1].image', value: 'nope' }],
    });
    const all = { project: null, topic: null, states: null, image: null, labels: {} };
    const { items } = await deps.database.history.listJobs(all, { after: null, limit: 100 });
    expect(items.map((item) => item.name)).not.toContain('half');
  });

  test('where images register themselves, an unknown one is registered once and the answer says so', async () => {
    const jobs = validateJobBatch([{ image: 'fresh' }, { image: 'fresh' }]).jobs;
    const answer = await submitJobs({ ...deps, autoRegisterImages: true }, jobs, context);
    expect(answer.notices).toEqual([expect.stringContaining('fresh')]);
    expect(await deps.database.images.get('default', 'fresh')).toMatchObject({
      reference: 'fresh',
      active: true,
    });
  });

  test('a disabled image is refused for new jobs, but a repeated request still gets its job', async () => {
    await putImage(deps, { name: 'old', reference: 'old:1' }, context);
    const first = await submit({ image: 'old' }, 'key-1');
    await setImageActive(deps, 'default', 'old', false, context);
    await expect(submit({ image: 'old' })).rejects.toMatchObject({
      code: 'image_disabled',
      message: expect.stringContaining('image enable old') as string,
    });
    expect(await submit({ image: 'old' }, 'key-1')).toBe(first);
  });

  test('a key that was used for something else is refused', async () => {
    await submit({ name: 'one' }, 'key-2');
    await expect(submit({ name: 'two' }, 'key-2')).rejects.toMatchObject({ code: 'idempotency_key_reused' });
  });

  test('an output is refused where none can be collected', async () => {
    const jobs = validateJobBatch({ image: 'etl', output: true }).jobs;
    const refusal = submitJobs({ ...deps, outputsSupported: false }, jobs, context);
    await expect(refusal).rejects.toMatchObject({
      code: 'output_not_supported',
      problems: [{ field: 'output' }],
    });
  });

  test('submitting wakes the executors', async () => {
    heard.length = 0;
    await submit({});
    await expect.poll(() => heard).toContain('jobs');
  });

  test('a waiting job is cancelled at once; asking again is too late', async () => {
    const id = await submit({});
    expect(await cancelJob(deps, id, context)).toEqual({ kind: 'accepted', state: 'cancelled' });
    expect(await cancelJob(deps, id, context)).toEqual({ kind: 'too_late', state: 'cancelled' });
    await expect(cancelJob(deps, newJobId(), context)).rejects.toMatchObject({ code: 'job_not_found' });
  });

  test('a retry is a new job that names the old one and the first; the old one stays as it was', async () => {
    const first = await submit({ name: 'again' });
    await expect(retryJob(deps, first, context)).rejects.toMatchObject({ code: 'retry_not_ended' });
    await finish(first);
    const { id: second } = await retryJob(deps, first, context);
    await finish(second);
    const { id: third } = await retryJob(deps, second, context);
    expect(await deps.database.history.getJob(third)).toMatchObject({
      retryOf: second,
      rootJobId: first,
      attempt: 0,
    });
    expect(await deps.database.history.getJob(first)).toMatchObject({ state: 'completed', retryOf: null });
    const key = { key: 'retry-once', fingerprint: 'same' };
    const once = await retryJob(deps, first, context, { key });
    expect(await retryJob(deps, first, context, { key })).toEqual(once);
    await cancelJob(deps, once.id, context);
    await cancelJob(deps, third, context);
    await expect(retryJob(deps, newJobId(), context)).rejects.toMatchObject({ code: 'job_not_found' });
  });

  test('a job is found by its whole id, a unique end or beginning, or as the latest', async () => {
    const id = await submit({ name: 'sought' });
    expect(await findJob(deps, '@latest')).toBe(id);
    expect(await findJob(deps, id)).toBe(id);
    expect(await findJob(deps, shortId(id))).toBe(id);
    expect(await findJob(deps, id.slice(0, 35).toUpperCase())).toBe(id);
    await expect(findJob(deps, shortId(id).slice(0, 7))).rejects.toMatchObject({
      code: 'job_not_found',
      message: expect.stringContaining('give all of them, or the last few') as string,
    });
    const findJobIds = async () => ({ ids: [], looked: 4_200_000, complete: false });
    const history = { ...fresh.database.history, findJobIds };
    await expect(
      findJob({ ...deps, database: { ...fresh.database, history } }, 'ffffffff'),
    ).rejects.toMatchObject({
      code: 'job_not_found',
      message: expect.stringMatching(/among the newest 4200000.*Give its full id/) as string,
    });
    await expect(findJob(deps, id.slice(0, 4))).rejects.toMatchObject({ code: 'job_ambiguous' });
  });

  test.each(['', 'abc', '../../etc', "' or 1=1 --", '%25', 'zzzzzzzz', 'a'.repeat(37)])(
    '%j is no selector, and the answer says what one looks like',
    async (selector) => {
      await expect(findJob(deps, selector)).rejects.toMatchObject({
        code: 'job_not_found',
        message: expect.stringContaining('4 characters') as string,
      });
    },
  );

  test('a topic is paused, resumed and limited, also before its first job', async () => {
    expect(await pauseTopic(deps, 'default', 'slow', context)).toMatchObject({ paused: true, limit: null });
    expect(await limitTopic(deps, 'default', 'slow', 5, context)).toMatchObject({ paused: true, limit: 5 });
    expect(await resumeTopic(deps, 'default', 'slow', context)).toMatchObject({ paused: false, limit: 5 });
    expect(await limitTopic(deps, 'default', 'slow', null, context)).toMatchObject({ limit: null });
  });

  test('a topic that does not exist is not resumed but refused, with the name that was meant, and not made', async () => {
    await pauseTopic(deps, 'default', 'nightly', context);
    await expect(resumeTopic(deps, 'default', 'nightyl', context)).rejects.toMatchObject({
      code: 'topic_not_found',
      message: 'there is no topic nightyl; did you mean nightly?',
    });
    const topics = await deps.database.topics.list('default');
    expect(topics.map(({ name }) => name)).not.toContain('nightyl');
  });

  test.each([0, -1, 1.5, 100_001, Number.NaN])(
    'a limit of %s is refused with what is allowed',
    async (limit) => {
      await expect(limitTopic(deps, 'default', 'slow', limit, context)).rejects.toMatchObject({
        code: 'invalid_input',
        problems: [{ field: 'limit', limit: 100_000 }],
      });
    },
  );
});
