import { unguarded } from '@job-orchestrator/executor-core/testing';
import { attemptId, type AttemptRef, type JobRuntime } from '@job-orchestrator/types';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { labels } from '../labels.ts';
import { startFakeApiServer, type FakeApiServer } from '../testing/fake-api-server.ts';
import { exampleLaunch } from '../testing/launches.ts';
import { exited, mainState, podObject } from '../testing/objects.ts';
import { silentLog } from '../testing/silent-log.ts';
import { createKubernetesRuntime } from './create-runtime.ts';

const launch = exampleLaunch();
const other = attemptId('0190a000-2222-4000-8000-0000000000ed');
const running = mainState('Running', { running: { startedAt: '2026-01-01T00:00:02Z' } });
let server: FakeApiServer;
let runtimes: JobRuntime[];
let ref: AttemptRef;

const started = async (): Promise<JobRuntime> => {
  const identity = () => Promise.resolve({ headers: {}, tls: {} });
  const credentials = { server: server.url, source: 'test', identity, invalidate: () => undefined };
  const { installation } = launch;
  const runtime = await createKubernetesRuntime({
    namespace: 'n',
    credentials,
    installation,
    log: silentLog,
  });
  runtimes.push(runtime);
  await runtime.start(() => undefined);
  return runtime;
};

beforeEach(async () => {
  runtimes = [];
  server = await startFakeApiServer();
  const runtime = await started();
  const outcome = await runtime.ensure(launch, unguarded);
  if (outcome.kind !== 'created') throw new Error(JSON.stringify(outcome));
  ref = { ...launch, object: outcome.object };
});
afterEach(async () => {
  await Promise.all(runtimes.map((runtime) => runtime.close()));
  await server.close();
});

const putPod = (status: object, edited: Record<string, string | undefined> = {}): string => {
  const ownerReferences = [{ kind: 'Job', controller: true, uid: ref.object?.uid }];
  const { metadata, ...pod } = podObject(status, { ownerReferences });
  const changed = { ...metadata.labels, ...edited } as Record<string, string>;
  server.store.put('pods', { ...pod, metadata: { ...metadata, labels: changed } });
  return metadata.name;
};
const editJob = (edited: Record<string, string | undefined>): void => {
  const name = ref.object?.name ?? '';
  const job = server.store.collections.jobs.objects.get(name)!;
  const changed = { ...job.metadata.labels, ...edited } as Record<string, string>;
  server.store.put('jobs', { ...job, metadata: { ...job.metadata, labels: changed } });
};
const kind = async (runtime: JobRuntime, of = ref): Promise<string> => (await runtime.observe(of)).kind;
const isReadOf = (name: string) => (): boolean =>
  server.requests.some(({ method, path }) => method === 'GET' && path.endsWith(`/${name}`));

describe('somebody edits labels of what runs:', () => {
  test('a Job that says to be another attempt’s stays the one it was, and nobody else’s', async () => {
    const [runtime] = runtimes as [JobRuntime];
    putPod(running);
    await expect.poll(() => kind(runtime)).toBe('running');
    editJob({ [labels.attemptId]: other });
    putPod(exited(0));
    await expect.poll(() => kind(runtime)).toBe('ended');
    expect(await runtime.list()).toMatchObject([{ attemptId: ref.attemptId, object: ref.object }]);
  });

  test('an executor that never saw it otherwise knows it by its uid, and is not misled in the other attempt', async () => {
    putPod(running);
    editJob({ [labels.attemptId]: other });
    const later = await started();
    expect(await kind(later)).toBe('running');
    putPod(exited(3));
    await expect
      .poll(() => later.observe(ref))
      .toMatchObject({ kind: 'ended', exit: { exitCode: 3, failure: { reason: 'exit_code' } } });
    const foreign = { ...ref, attemptId: other, object: { uid: 'another', name: ref.object?.name ?? '' } };
    expect(await kind(later, foreign)).toBe('absent');
  });

  test('a pod that no watch shows any more is not taken for deleted while the server has it', async () => {
    const [runtime] = runtimes as [JobRuntime];
    putPod(running);
    await expect.poll(() => kind(runtime)).toBe('running');
    const name = putPod(running, { [labels.installation]: undefined });
    await expect.poll(async () => [await kind(runtime), isReadOf(name)()]).toEqual(['running', true]);
    const heal = server.fail(({ path }) => path.endsWith(name), {
      kind: 'answer',
      status: 500,
      message: 'no',
    });
    expect(await kind(runtime)).toBe('unreachable');
    heal();
    putPod(exited(3), { [labels.installation]: undefined });
    expect(await runtime.observe(ref)).toMatchObject({ kind: 'ended', exit: { exitCode: 3 } });
    server.store.remove('pods', name);
    expect(await runtime.observe(ref)).toMatchObject({
      kind: 'ended',
      exit: { failure: { reason: 'object_deleted' } },
    });
  });
});
