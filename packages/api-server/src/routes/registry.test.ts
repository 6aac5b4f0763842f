import {
  ExecutorListSchema,
  ImagePageSchema,
  ImageSchema,
  InstallationSchema,
  TopicListSchema,
  TopicSchema,
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

describe('images', () => {
  const image = {
    name: 'tool',
    reference: 'registry.example/tool:1',
    command: ['tool'],
    env: { A: '1' },
    resources: { limits: { memory: '64Mi' } },
    labels: { team: 'a' },
    runAsUser: 1_000,
  };

  it('are registered, replaced, disabled and enabled', async () => {
    const made = await api.client.putImage(image);
    expectShape(ImageSchema, made);
    expect(made).toMatchObject({ ...image, project: 'default', args: null, active: true });
    expect(await api.client.getImage('tool')).toEqual(made);
    expect(await api.client.disableImage('tool')).toMatchObject({ active: false });
    expect(await api.client.enableImage('tool')).toMatchObject({ active: true });
    await api.client.disableImage('tool');
    const replaced = await api.client.putImage({ name: 'tool', reference: 'registry.example/tool:2' });
    expect(replaced).toMatchObject({ reference: 'registry.example/tool:2', env: {}, active: true });
  });

  it('belong to a project', async () => {
    await api.client.putImage({ name: 'tool', project: 'mine', reference: 'busybox' });
    expect(await api.client.getImage('tool', { project: 'mine' })).toMatchObject({ reference: 'busybox' });
    expect((await api.client.getImage('tool')).reference).not.toBe('busybox');
    const page = await api.client.listImages({ project: 'mine' });
    expectShape(ImagePageSchema, page);
    expect(page.items.map((found) => found.name)).toEqual(['tool']);
  });

  it('come in pages', async () => {
    for (const name of ['p1', 'p2', 'p3'])
      await api.client.putImage({ name, project: 'pages', reference: name });
    const first = await api.client.listImages({ project: 'pages', limit: 2 });
    const rest = await api.client.listImages({ project: 'pages', limit: 2, cursor: first.next! });
    expect([...first.items, ...rest.items].map((found) => found.name)).toEqual(['p1', 'p2', 'p3']);
    expect(rest.next).toBeNull();
  });

  it('that nobody registered are not found', async () => {
    for (const method of ['getImage', 'disableImage', 'enableImage'] as const)
      expect((await failure(api.client[method]('nobody'))).code).toBe('image_not_found');
  });

  it('take their name and project from the address, and refuse a body that says otherwise', async () => {
    const put = (path: string, body: object) => post(api.url, path, body, 'PUT');
    expect((await put('/api/v1/images/plain?project=mine', { reference: 'busybox' })).json).toMatchObject({
      name: 'plain',
      project: 'mine',
    });
    const otherName = await put('/api/v1/images/plain', { name: 'other', reference: 'busybox' });
    expect(otherName.json).toMatchObject({
      code: 'invalid_input',
      problems: [{ field: 'name', value: '"other"' }],
    });
    const otherProject = await put('/api/v1/images/plain?project=mine', {
      project: 'yours',
      reference: 'busybox',
    });
    expect(otherProject.json).toMatchObject({ code: 'invalid_input', problems: [{ field: 'project' }] });
  });

  it.each([
    [{}, 'reference'],
    [{ reference: '' }, 'reference'],
    [{ reference: 'a b' }, 'reference'],
    [{ reference: 'busybox', runAsUser: 0 }, 'runAsUser'],
    [{ reference: 'busybox', privileged: true }, 'privileged'],
    [{ reference: 'busybox', resources: { limits: { memory: '1e30Gi' } } }, 'resources.limits.memory'],
    [[], ''],
  ])('are refused as %j', async (body, field) => {
    const answer = await post(api.url, '/api/v1/images/bad', body, 'PUT');
    expect(answer.json).toMatchObject({ code: 'invalid_input', problems: [{ field }] });
  });
});

describe('topics', () => {
  it('are paused, resumed and limited, and made by it', async () => {
    const paused = await api.client.pauseTopic('slow');
    expectShape(TopicSchema, paused);
    expect(paused).toMatchObject({ project: 'default', name: 'slow', paused: true, limit: null });
    expect(await api.client.limitTopic('slow', 5)).toMatchObject({ paused: true, limit: 5 });
    expect(await api.client.resumeTopic('slow')).toMatchObject({ paused: false, limit: 5 });
    expect(await api.client.limitTopic('slow', null)).toMatchObject({ limit: null });
  });

  it('count what stands in them', async () => {
    const { jobs } = await api.client.submitJobs([
      { image: 'shell', topic: 'busy' },
      { image: 'shell', topic: 'busy' },
      { image: 'shell', topic: 'busy', runAt: new Date(Date.now() + 3_600_000).toISOString() },
    ]);
    await api.client.limitTopic('busy', 1);
    await api.driver.start(jobs[0]!.id);
    const list = await api.client.listTopics({ project: 'default' });
    expectShape(TopicListSchema, list);
    expect(list.items.find((topic) => topic.name === 'busy')).toMatchObject({
      scheduled: 1,
      pending: 1,
      claimed: 0,
      running: 1,
    });
    expect((await api.client.getJob(jobs[1]!.id)).waitingFor).toMatchObject({ reason: 'topic_limit' });
  });
});

describe('the installation', () => {
  it('says what it is and who works in it', async () => {
    const executors = await api.client.listExecutors();
    expectShape(ExecutorListSchema, executors);
    expect(executors.items).toMatchObject([{ name: 'by hand', live: true, runtimeKind: 'process' }]);
    const installation = await api.client.installation();
    expectShape(InstallationSchema, installation);
    expect(installation).toEqual({
      installation: api.installation,
      version: '0.0.0-test',
      runtime: 'process',
      database: 'postgres',
    });
  });
});
