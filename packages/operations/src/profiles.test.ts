import { freshDatabase, type FreshDatabase } from '@job-orchestrator/postgres/testing';
import {
  newDagRunId,
  newJobId,
  validateJobBatch,
  validateProfile,
  type JobRecord,
} from '@job-orchestrator/types';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { OperationDeps } from './dependencies.ts';
import { putImage } from './images/images.ts';
import { submitJobs } from './jobs/submit-jobs.ts';
import { bindSecret, putProfile, readProfile, removeProfile, unbindSecret } from './profiles/profiles.ts';
import { dagRules } from './testing/no-dag-rules.ts';

const context = { actor: 'tester', reason: 'a test' };

let fresh: FreshDatabase;
let deps: OperationDeps;
let projects = 0;
let project = '';
beforeAll(async () => {
  fresh = await freshDatabase();
  const { database } = fresh;
  deps = { database, newJobId, newDagRunId, dagRules, outputsSupported: true, autoRegisterImages: false };
});
afterAll(() => fresh.close());
beforeEach(async () => {
  projects += 1;
  project = `p${projects}`;
  const env = { MODE: 'image', TOKEN: 'none' };
  const resources = { requests: { cpu: '1' } };
  await putImage(
    deps,
    { name: 'tool', project, reference: 'r.example/tool:1', env, resources, pullSecrets: ['r'] },
    context,
  );
});

const define = (name: string, fields: object = {}) =>
  putProfile(deps, validateProfile({ name, project, ...fields }), context);
const submit = async (...jobs: readonly object[]): Promise<readonly JobRecord[]> => {
  const submissions = jobs.map((job) => ({ image: 'tool', project, ...job }));
  const { ids } = await submitJobs(deps, validateJobBatch(submissions).jobs, context);
  return Promise.all(ids.map(async (id) => (await deps.database.history.getJob(id))!));
};

describe('a profile', () => {
  test('that is not there is refused with what was meant, what there is, and where', async () => {
    await define('gpu');
    await define('large-memory');
    await expect(submit({}, { profile: 'gpus' })).rejects.toMatchObject({
      code: 'profile_not_found',
      problems: [
        {
          field: 'jobs[1].profile',
          value: 'gpus',
          message: 'is not a profile; there are gpu, large-memory; did you mean gpu?',
        },
      ],
    });
    await expect(readProfile(deps, project, 'x')).rejects.toThrow('there are gpu, large-memory');
  });

  test('gives its resources to what neither job nor image says, and they are frozen', async () => {
    await define('gpu', {
      resources: {
        requests: { cpu: 2, memory: '1Gi' },
        limits: { memory: '2Gi', 'nvidia.com/gpu': 1 },
        sharedMemory: '1Gi',
      },
    });
    const [job] = await submit({ profile: 'gpu', resources: { limits: { memory: '4Gi' } } });
    expect(job?.spec).toMatchObject({
      profile: 'gpu',
      pullSecrets: ['r'],
      resources: {
        requests: { cpu: '1', memory: '1Gi' },
        limits: { memory: '4Gi', 'nvidia.com/gpu': '1' },
        sharedMemory: '1Gi',
      },
    });
  });

  test('is by default that of the topic, else the one called default', async () => {
    expect((await submit({}))[0]?.spec).not.toHaveProperty('profile');
    await define('default');
    await define('gpu', { defaultForTopics: ['training'] });
    const jobs = await submit({}, { topic: 'training' }, { topic: 'training', profile: 'default' });
    expect(jobs.map(({ spec }) => spec.profile)).toEqual(['default', 'gpu', 'default']);
  });

  test('lets nobody ask for more, with the place and the limit', async () => {
    await define('small', { resources: { limits: { memory: '1Gi' } }, maximum: { memory: '2Gi', cpu: 4 } });
    const greedy = { profile: 'small', resources: { requests: { cpu: 8 }, limits: { memory: '3Gi' } } };
    await expect(submit({}, greedy)).rejects.toMatchObject({
      code: 'invalid_input',
      problems: [
        { field: 'jobs[1].resources.requests.cpu', limit: '4', value: '8' },
        { field: 'jobs[1].resources.limits.memory', limit: '2Gi', value: '3Gi' },
      ],
    });
  });

  test('is not removed while live jobs name it, unless it has to be', async () => {
    await define('gpu');
    await submit({ profile: 'gpu' });
    const request = { project, name: 'gpu', force: false };
    await expect(removeProfile(deps, request, context)).rejects.toMatchObject({
      code: 'profile_in_use',
      message: '1 live job names the profile gpu.',
    });
    await removeProfile(deps, { ...request, force: true }, context);
    await expect(removeProfile(deps, request, context)).rejects.toMatchObject({ code: 'profile_not_found' });
  });
});

describe('a secret', () => {
  const bind = (fields: object = {}) =>
    bindSecret(deps, { name: 'reports-api', project, secret: 'reports', key: 'token', ...fields }, context);

  test('stands in a job by the name it is bound to, over a default of the image', async () => {
    await bind();
    const [job] = await submit({ secretEnv: { TOKEN: 'reports-api' } });
    expect(job?.spec).toMatchObject({ secretEnv: { TOKEN: 'reports-api' }, env: { MODE: 'image' } });
    expect(job?.spec.env).not.toHaveProperty('TOKEN');
    expect(JSON.stringify(job)).not.toContain('"secret"');
  });

  test('that is not bound is refused with what was meant', async () => {
    await bind();
    await expect(submit({ secretEnv: { TOKEN: 'report-api' } })).rejects.toMatchObject({
      code: 'secret_not_bound',
      problems: [
        {
          field: 'secretEnv.TOKEN',
          value: 'report-api',
          message: expect.stringContaining('did you mean reports-api?') as string,
        },
      ],
    });
  });

  test('is refused to topics and images that it is not bound for, and to other projects', async () => {
    await bind({ topics: ['reports'], images: ['tool'] });
    const secretEnv = { TOKEN: 'reports-api' };
    await expect(submit({ secretEnv, topic: 'reports' })).resolves.toHaveLength(1);
    await expect(submit({ secretEnv })).rejects.toMatchObject({ code: 'secret_not_allowed' });
    await putImage(deps, { name: 'other', project, reference: 'busybox' }, context);
    await expect(submit({ secretEnv, topic: 'reports', image: 'other' })).rejects.toMatchObject({
      code: 'secret_not_allowed',
      problems: [
        { field: 'secretEnv.TOKEN', message: expect.stringContaining('for the images tool') as string },
      ],
    });
    await putImage(deps, { name: 'tool', project: 'elsewhere', reference: 'busybox' }, context);
    await expect(submit({ secretEnv, project: 'elsewhere', topic: 'reports' })).rejects.toMatchObject({
      code: 'secret_not_bound',
    });
  });

  test('is unbound once', async () => {
    await bind();
    expect(await unbindSecret(deps, project, 'reports-api', context)).toMatchObject({ secret: 'reports' });
    await expect(unbindSecret(deps, project, 'reports-api', context)).rejects.toMatchObject({
      code: 'secret_not_bound',
    });
  });
});
