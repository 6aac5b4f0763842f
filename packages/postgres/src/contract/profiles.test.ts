import { limits, newDagRunId, type NewProfile, type NewSecretBinding } from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { sampleContext, sampleJob } from '../testing/samples.ts';
import { onBothDatabases } from './databases.ts';

const profile = (changes: Partial<NewProfile> = {}): NewProfile => ({
  project: 'default',
  name: 'gpu',
  description: null,
  defaultForTopics: [],
  nodeSelector: { pool: 'gpu' },
  tolerations: [{ key: 'gpu', operator: 'Exists' }],
  priorityClassName: 'batch',
  serviceAccountName: null,
  runtimeClassName: null,
  pullSecrets: ['registry'],
  localQueue: null,
  resources: { limits: { memory: '1Gi' } },
  maximum: { memory: '4Gi' },
  ...changes,
});

const binding = (changes: Partial<NewSecretBinding> = {}): NewSecretBinding => ({
  project: 'default',
  name: 'api',
  secret: 'reports',
  key: 'token',
  topics: ['reports'],
  images: [],
  ...changes,
});

onBothDatabases((db) => {
  test('a profile is stored whole, replaced, listed by project, and removed', async () => {
    const { profiles } = db();
    const made = await profiles.put(profile(), sampleContext);
    expect(made).toMatchObject(profile());
    expect(made.createdAt).toBeInstanceOf(Date);
    const replaced = await profiles.put(profile({ priorityClassName: null }), sampleContext);
    expect(replaced.createdAt).toEqual(made.createdAt);
    await profiles.put(profile({ project: 'other', name: 'cpu' }), sampleContext);
    expect((await profiles.list('default')).map(({ name }) => name)).toEqual(['gpu']);
    expect((await profiles.list(null)).map(({ name }) => name)).toEqual(['gpu', 'cpu']);
    expect(await profiles.get('default', 'gpu')).toEqual(replaced);
    expect(await profiles.get('other', 'gpu')).toBeNull();
    await profiles.remove('default', 'gpu', sampleContext);
    await expect(profiles.remove('default', 'gpu', sampleContext)).rejects.toMatchObject({
      code: 'profile_not_found',
    });
  });

  test('a topic has one default; what a profile gives up another may take', async () => {
    const { profiles } = db();
    const of = (name: string, defaultForTopics: readonly string[]) =>
      profiles.put(profile({ project: 'topics', name, defaultForTopics }), sampleContext);
    await of('one', ['a', 'b']);
    await expect(of('two', ['c', 'b'])).rejects.toMatchObject({
      code: 'invalid_input',
      problems: [
        { field: 'defaultForTopics[1]', value: 'b', message: expect.stringContaining('one') as string },
      ],
    });
    expect(await profiles.get('topics', 'two')).toBeNull();
    await of('one', ['a']);
    await of('two', ['b', 'b']);
    await profiles.remove('topics', 'one', sampleContext);
    expect((await of('two', ['a', 'b'])).defaultForTopics).toEqual(['a', 'b']);
  });

  test('live jobs that name a profile are counted, up to a bound', async () => {
    const jobs = ['named', 'named', 'other'].map((name) =>
      sampleJob({ project: 'counted' }, { profile: name }),
    );
    await db().queue.insertJobs([...jobs, sampleJob({ project: 'counted' })], sampleContext);
    expect(await db().profiles.countLiveJobs('counted', 'named', 10)).toBe(2);
    expect(await db().profiles.countLiveJobs('counted', 'named', 1)).toBe(1);
    expect(await db().profiles.countLiveJobs('default', 'named', 10)).toBe(0);
  });

  test('what a job names comes back with it', async () => {
    const named = {
      profile: 'gpu',
      secretEnv: { TOKEN: 'api' },
      pullSecrets: ['registry'],
      localQueue: 'team-a',
    };
    const job = sampleJob({}, named);
    await db().queue.insertJobs([job], sampleContext);
    expect((await db().history.getJob(job.id))?.spec).toEqual(job.spec);
  });

  test('a name is bound to a key of a Secret, bound anew, and unbound', async () => {
    const { secretBindings } = db();
    expect(await secretBindings.bind(binding(), sampleContext)).toMatchObject(binding());
    await secretBindings.bind(binding({ key: 'other', topics: [] }), sampleContext);
    await secretBindings.bind(binding({ project: 'other' }), sampleContext);
    expect(await secretBindings.getMany('default', ['api', 'nothing'])).toMatchObject([
      { key: 'other', topics: [] },
    ]);
    expect((await secretBindings.list(null)).map(({ project }) => project)).toEqual(['default', 'other']);
    await secretBindings.unbind('default', 'api', sampleContext);
    await expect(secretBindings.unbind('default', 'api', sampleContext)).rejects.toMatchObject({
      code: 'secret_not_bound',
    });
  });

  test(`a project has at most ${limits.profilesPerProject} profiles; those that it has can still be replaced`, async () => {
    const { profiles } = db();
    const of = (index: number) =>
      profiles.put(profile({ project: 'many', name: `p${index}` }), sampleContext);
    for (let index = 0; index < limits.profilesPerProject; index += 1) await of(index);
    await expect(of(limits.profilesPerProject)).rejects.toMatchObject({
      problems: [{ field: 'name', limit: limits.profilesPerProject }],
    });
    await expect(of(0)).resolves.toMatchObject({ name: 'p0' });
  });

  test('an image has its pull secrets until it is replaced by one without', async () => {
    const image = {
      project: 'default',
      name: 'private',
      reference: 'registry.example/private:1',
      command: null,
      args: null,
      env: {},
      resources: null,
      labels: {},
      runAsUser: null,
    };
    const { images } = db();
    const put = (pullSecrets?: readonly string[]) =>
      images.put({ ...image, ...(pullSecrets === undefined ? {} : { pullSecrets }) }, sampleContext);
    expect((await put(['a', 'b'])).pullSecrets).toEqual(['a', 'b']);
    expect((await images.get('default', 'private'))?.pullSecrets).toEqual(['a', 'b']);
    expect((await images.setActive('default', 'private', false, sampleContext)).pullSecrets).toEqual([
      'a',
      'b',
    ]);
    expect((await put()).pullSecrets).toEqual([]);
    expect(await images.getMany('default', ['private'])).toMatchObject([{ pullSecrets: [] }]);
  });

  test('a DAG run keeps the rules that it began under', async () => {
    const { dags } = db();
    const graph = { format: 1, name: 'd', project: 'default', nodes: [], deadlineSeconds: 60 } as never;
    await dags.apply({ project: 'default', name: 'd', digest: 'x', document: {}, graph }, sampleContext);
    const rules = { name: 'gpu', defaultForTopics: ['t'], resources: null, maximum: { cpu: '4' } };
    const start = async (profiles?: readonly (typeof rules)[]) => {
      const id = newDagRunId();
      const fresh = {
        project: 'default',
        dag: 'd',
        version: 1,
        graph,
        inputs: {},
        images: {},
        pins: {},
        progress: { nodeRuns: 0 } as never,
      };
      const run = {
        ...fresh,
        parents: null,
        kept: null,
        ...(profiles === undefined ? {} : { profiles }),
      };
      await dags.startRun({ id, ...run }, sampleContext);
      return (await dags.getSetup(id))?.profiles;
    };
    expect(await start([rules])).toEqual([rules]);
    expect(await start()).toEqual([]);
  });
});
