import {
  ProfileListSchema,
  ProfileSchema,
  SecretBindingListSchema,
  SecretBindingSchema,
  type JobSubmission,
} from '@job-orchestrator/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type Api } from '../testing/api-fixture.ts';
import { failure } from '../testing/failure.ts';
import { post } from '../testing/raw-request.ts';
import { expectShape } from '../testing/shape.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

describe('profiles', () => {
  const profile = {
    name: 'gpu',
    nodeSelector: { pool: 'gpu' },
    tolerations: [{ key: 'gpu', operator: 'Exists' as const }],
    priorityClassName: 'batch',
    resources: { limits: { memory: '1Gi' } },
    maximum: { memory: '4Gi' },
  };

  it('are defined, read, listed, replaced and removed', async () => {
    const made = await api.client.putProfile(profile);
    expectShape(ProfileSchema, made);
    expect(made).toMatchObject({ ...profile, project: 'default', serviceAccountName: null });
    expect(await api.client.getProfile('gpu')).toEqual(made);
    const listed = await api.client.listProfiles({ project: 'default' });
    expectShape(ProfileListSchema, listed);
    expect(listed.items).toEqual([made]);
    expect(await api.client.putProfile({ name: 'gpu' })).toMatchObject({ nodeSelector: {}, maximum: {} });
    expect(await api.client.removeProfile('gpu')).toMatchObject({ name: 'gpu' });
    expect(await failure(api.client.getProfile('gpu'))).toMatchObject({ code: 'profile_not_found' });
  });

  it('that live jobs name are removed by force only', async () => {
    await api.client.putProfile({ name: 'busy' });
    await api.client.submitJobs({ image: 'hello', profile: 'busy' });
    expect(await failure(api.client.removeProfile('busy'))).toMatchObject({ code: 'profile_in_use' });
    expect(await api.client.removeProfile('busy', { force: true })).toMatchObject({ name: 'busy' });
  });

  it('are refused with field and limit', async () => {
    const answer = await post(api.url, '/api/v1/profiles/p', { maximum: { memory: '1Gi' } }, 'PUT');
    expect(answer.json).toMatchObject({ code: 'invalid_input', problems: [{ field: 'maximum.memory' }] });
    const other = await post(api.url, '/api/v1/profiles/p', { name: 'q' }, 'PUT');
    expect(other.json).toMatchObject({ problems: [{ field: 'name', limit: 'p' }] });
  });
});

describe('names of secrets', () => {
  const binding = { name: 'api', secret: 'reports', key: 'token', topics: ['reports'] };

  it('are bound, listed and unbound', async () => {
    const bound = await api.client.bindSecret(binding);
    expectShape(SecretBindingSchema, bound);
    expect(bound).toMatchObject({ ...binding, images: [], project: 'default' });
    const listed = await api.client.listSecretBindings();
    expectShape(SecretBindingListSchema, listed);
    expect(listed.items).toEqual([bound]);
    expect(await api.client.unbindSecret('api')).toEqual(bound);
    expect(await failure(api.client.unbindSecret('api'))).toMatchObject({ code: 'secret_not_bound' });
  });

  it('stand in a job; where their values lie does not', async () => {
    await api.client.bindSecret(binding);
    const job: JobSubmission = { image: 'hello', topic: 'reports', secretEnv: { TOKEN: 'api' } };
    const { jobs } = await api.client.submitJobs(job);
    const shown = JSON.stringify(await api.client.getJob(jobs[0]!.id));
    expect(shown).toContain('"secretEnv":{"TOKEN":"api"}');
    expect(shown).not.toContain('"key"');
    expect(await failure(api.client.submitJobs({ ...job, topic: 'other' }))).toMatchObject({
      code: 'secret_not_allowed',
    });
  });
});

describe('what a submitter cannot set', () => {
  const forbidden = {
    privileged: true,
    capabilities: ['SYS_ADMIN'],
    runAsUser: 0,
    hostPath: '/',
    hostNetwork: true,
    hostPort: 80,
    namespace: 'kube-system',
    volumes: [],
    serviceAccountName: 'admin',
    imagePullSecrets: [],
    tolerations: [],
    nodeName: 'n',
    runtimeClassName: 'r',
    hooks: {},
    initContainers: [],
  };

  it.each(Object.entries(forbidden))('%s is refused by a job, with whose it is', async (field, value) => {
    const answer = await post(api.url, '/api/v1/jobs', { image: 'hello', [field]: value });
    expect(answer.json).toMatchObject({
      code: 'invalid_input',
      problems: [{ field, message: expect.stringMatching(/^is not yours to set: /) as string }],
    });
  });

  it.each(Object.entries(forbidden))(
    '%s is refused by a node and by the defaults of a DAG',
    async (field, value) => {
      const nodes = { one: { image: 'hello', [field]: value } };
      const answer = await post(api.url, '/api/v1/dags', { name: 'd', defaults: { [field]: value }, nodes });
      expect(answer.json).toMatchObject({ code: 'invalid_input' });
      const { problems } = answer.json as { problems: { field: string; message: string }[] };
      expect(problems.map((problem) => problem.field).toSorted()).toEqual([
        `defaults.${field}`,
        `nodes.one.${field}`,
      ]);
      for (const { message } of problems) expect(message).toMatch(/^is not yours to set: /);
    },
  );
});
