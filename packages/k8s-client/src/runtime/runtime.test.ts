import { unguarded } from '@job-orchestrator/executor-core/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  attemptId,
  jobId,
  type AttemptLaunch,
  type AttemptRef,
  type EnsureOutcome,
  type JobRuntime,
  type LogSource,
} from '@job-orchestrator/types';
import type { Credentials } from '../credentials/credentials.ts';
import {
  startFakeApiServer,
  type FakeApiServer,
  type FakeFault,
  type FakeRequest,
} from '../testing/fake-api-server.ts';
import { exampleLaunch } from '../testing/launches.ts';
import { exited, jobObject, mainState, podObject } from '../testing/objects.ts';
import { silentLog } from '../testing/silent-log.ts';
import { defaultTiming } from '../watch/reflector.ts';
import { markerName } from './cluster-key.ts';
import { createKubernetesLogs, createKubernetesRuntime } from './create-runtime.ts';

let server: FakeApiServer;
let credentials: Credentials;
const open: (JobRuntime & LogSource)[] = [];
const timing = { ...defaultTiming, backoff: { baseMs: 10, capMs: 50 } };
const launch = exampleLaunch();

const make = async (startLimitMs = 2_000): Promise<JobRuntime & LogSource> => {
  const { installation } = launch;
  const runtime = await createKubernetesRuntime({
    namespace: 'n',
    credentials,
    installation,
    log: silentLog,
    timing,
    startLimitMs,
  });
  open.push(runtime);
  return runtime;
};
const started = async (
  onChange: (attempt: string) => void = () => undefined,
): Promise<JobRuntime & LogSource> => {
  const runtime = await make();
  await runtime.start(onChange);
  return runtime;
};
const isCreate = ({ method, body }: FakeRequest): boolean => method === 'POST' && !body.includes(markerName);
const isList = ({ method, path, parameters }: FakeRequest): boolean =>
  method === 'GET' && !parameters.has('watch') && path.endsWith('s');
const answer = (status: number, message = '', reason = '', headers = {}): FakeFault => ({
  kind: 'answer',
  status,
  message,
  reason,
  headers,
});
const created = async (runtime: JobRuntime, given: AttemptLaunch = launch): Promise<AttemptRef> => {
  const outcome = await runtime.ensure(given, unguarded);
  if (outcome.kind !== 'created') throw new Error(JSON.stringify(outcome));
  return { ...given, object: outcome.object };
};
const ownedPod = (ref: AttemptRef, status: object, metadata: object = {}): void => {
  const ownerReferences = [{ kind: 'Job', controller: true, uid: ref.object?.uid }];
  server.store.put('pods', podObject(status, { ownerReferences, ...metadata }));
};

beforeEach(async () => {
  server = await startFakeApiServer();
  const identity = () => Promise.resolve({ headers: {}, tls: {} });
  credentials = { server: server.url, source: 'test', identity, invalidate: () => undefined };
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()));
  await server.close();
});

test('the key is the same for every executor of a namespace, and another in another cluster', async () => {
  const [one, two] = await Promise.all([make(), make()]);
  expect(one.key).toBe(two.key);
  expect(one.key).toMatch(/^[0-9a-f-]{36}\/n$/);
  expect(await one.list()).toBeNull();
  server.store.remove('jobs', markerName);
  expect((await make()).key).not.toBe(one.key);
});

test('the marker Job survives a lost answer, and a foreign Job of its name is refused', async () => {
  server.fail(({ method }) => method === 'POST', { kind: 'lose_answer' }, 1);
  expect((await make()).key).toContain('/n');
  server.store.put('jobs', { metadata: { name: markerName, labels: {} } });
  await expect(make()).rejects.toMatchObject({ code: 'runtime_unavailable' });
});

test('without rights, or without an answer, start says what could not be listed', async () => {
  const forbidden = await make();
  const end = server.fail(
    (request) => isList(request) && request.path.endsWith('/pods'),
    answer(403, 'pods is forbidden'),
  );
  await expect(forbidden.start(() => undefined)).rejects.toMatchObject({
    code: 'runtime_unavailable',
    message: expect.stringContaining('listing pods: pods is forbidden') as string,
  });
  end();
  const silent = await make(200);
  server.fail(isList, { kind: 'reset' });
  await expect(silent.start(() => undefined)).rejects.toMatchObject({ code: 'runtime_unavailable' });
});

const refusals: readonly (readonly [string, FakeFault, Partial<EnsureOutcome>])[] = [
  ['429', answer(429, 'slow down', '', { 'retry-after': '7' }), { kind: 'busy', retryAfterMs: 7_000 }],
  ['quota', answer(403, 'jobs "x" is forbidden: exceeded quota: q'), { kind: 'busy', retryAfterMs: 10_000 }],
  [
    'a quota conflict',
    answer(409, 'Operation cannot be fulfilled on resourcequotas', 'Conflict'),
    { kind: 'busy' },
  ],
  ['bad credentials', answer(401), { kind: 'busy', reason: 'runtime_unreachable' }],
  ['an invalid Job', answer(422, 'Job is invalid'), { kind: 'refused' }],
  [
    'a right that was taken away',
    answer(
      403,
      'jobs.batch is forbidden: User "x" cannot create resource "jobs" in API group "batch" in the namespace "n"',
    ),
    { kind: 'busy' },
  ],
  ['no namespace', answer(404, 'namespaces "n" not found'), { kind: 'busy', reason: 'runtime_unreachable' }],
  [
    'a namespace that goes',
    answer(403, 'unable to create new content in namespace n because it is being terminated'),
    { kind: 'busy' },
  ],
  ['a policy', answer(403, 'admission webhook "policy" denied the request: no'), { kind: 'refused' }],
  ['a fault of the server', answer(500), { kind: 'unresolved' }],
  ['a reset', { kind: 'reset' }, { kind: 'unresolved' }],
  ['a lost answer', { kind: 'lose_answer' }, { kind: 'unresolved' }],
];

test.each(refusals)('ensure met with %s', async (_name, fault, expected) => {
  const runtime = await make();
  server.fail(isCreate, fault, fault.kind === 'answer' && fault.status === 401 ? 2 : 1);
  expect(await runtime.ensure(launch, unguarded)).toMatchObject(expected);
});

test('a create whose answer was lost is found under the same name', async () => {
  const runtime = await make();
  server.fail(isCreate, { kind: 'lose_answer' }, 1);
  expect(await runtime.ensure(launch, unguarded)).toMatchObject({ kind: 'unresolved' });
  expect(await runtime.ensure(launch, unguarded)).toMatchObject({
    kind: 'exists',
    object: { name: jobObject().metadata.name },
  });
  expect(server.store.collections.jobs.objects.size).toBe(2);
});

test('a taken name: ours, ours on its way out, a stranger’s', async () => {
  const runtime = await make();
  await created(runtime);
  server.store.put('jobs', jobObject(launch, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }));
  expect(await runtime.ensure(launch, unguarded)).toMatchObject({
    kind: 'terminating',
    object: { name: jobObject().metadata.name },
  });
  const theirs = { metadata: { labels: { app: 'web' } } };
  server.store.put('jobs', jobObject(launch, { ...theirs, spec: { template: theirs } }));
  expect(await runtime.ensure(launch, unguarded)).toMatchObject({
    kind: 'refused',
    failure: { reason: 'name_taken' },
  });
});

test('observes its own create at once, and tells of each change', async () => {
  const changes: string[] = [];
  const runtime = await started((attempt) => void changes.push(attempt));
  server.watches.mute(true);
  const ref = await created(runtime);
  expect(await runtime.observe(ref)).toMatchObject({ kind: 'waiting', reason: 'launching' });
  server.watches.mute(false);
  ownedPod(ref, mainState('Running', { running: { startedAt: '2026-01-01T00:00:02Z' } }));
  await server.until(() => changes.length >= 2);
  expect(await runtime.observe(ref)).toMatchObject({ kind: 'running' });
  ownedPod(ref, exited(0));
  await server.until(() => changes.length >= 3);
  expect(await runtime.observe(ref)).toMatchObject({ kind: 'ended', exit: { exitCode: 0, failure: null } });
});

test('a listener that throws stops nothing', async () => {
  const runtime = await started(() => {
    throw new Error('listener');
  });
  expect(await runtime.observe(await created(runtime))).toMatchObject({ kind: 'waiting' });
});

test('absent only when the server itself says so: a stale list is not believed, and an error is "cannot say"', async () => {
  const thaw = server.freezeLists();
  const other = await started();
  const ref = await created(other);
  server.watches.mute(true);
  const runtime = await started();
  expect(await runtime.observe(ref)).toMatchObject({ kind: 'waiting' });
  const fresh = {
    ...ref,
    jobId: jobId('0190a000-1111-7000-8000-0000000099ff'),
    attemptId: attemptId('0190a000-2222-4000-8000-0000000099ff'),
    object: null,
  };
  expect(await runtime.observe(fresh)).toEqual({ kind: 'absent' });
  const end = server.fail(({ method }) => method === 'GET', answer(500));
  expect(await runtime.observe(fresh)).toMatchObject({ kind: 'unreachable' });
  end();
  thaw();
});

test('a Job that was deleted while nobody watched is absent after the relist', async () => {
  const runtime = await started();
  const ref = await created(runtime);
  await server.until(() => server.watches.count() === 3);
  server.store.removeSilently('jobs', ref.object?.name ?? '');
  const lists = server.requests.filter(isList).length;
  server.watches.end('reset');
  await server.until(() => server.requests.filter(isList).length >= lists + 3);
  await server.until(() => server.watches.count() === 3);
  expect(await runtime.observe(ref)).toEqual({ kind: 'absent' });
});

test('after etcd was restored to an earlier time, what it shows counts', async () => {
  const runtime = await started();
  const ref = await created(runtime);
  ownedPod(ref, mainState('Running', { running: {} }));
  await expect.poll(async () => (await runtime.observe(ref)).kind).toBe('running');
  const { objects } = server.store.collections.pods;
  server.store.rewind(1_000);
  for (const [name, { metadata, ...pod }] of objects)
    objects.set(name, {
      ...pod,
      metadata: { ...metadata, resourceVersion: '900' },
      status: { phase: 'Pending' },
    });
  server.watches.end('reset');
  await expect.poll(async () => (await runtime.observe(ref)).kind, { timeout: 5_000 }).toBe('waiting');
});

test('what a list shows as it was known already is nobody’s news; what changed meanwhile is told', async () => {
  const changes: string[] = [];
  const runtime = await started((attempt) => void changes.push(attempt));
  const ref = await created(runtime);
  ownedPod(ref, mainState('Running', { running: {} }));
  await expect.poll(async () => (await runtime.observe(ref)).kind).toBe('running');
  await server.until(() => server.watches.count() === 3);
  const relisted = async (): Promise<void> => {
    const lists = server.requests.filter(isList).length;
    server.watches.end('reset');
    await server.until(() => server.requests.filter(isList).length >= lists + 3);
    await server.until(() => server.watches.count() === 3);
  };
  const known = changes.length;
  await relisted();
  expect(changes).toHaveLength(known);
  server.watches.mute(true);
  ownedPod(ref, exited(0));
  server.watches.mute(false);
  await relisted();
  expect(changes).toHaveLength(known + 1);
  expect(await runtime.observe(ref)).toMatchObject({ kind: 'ended' });
});

test('one poisoned object does not hide the others', async () => {
  server.store.put(
    'jobs',
    jobObject(launch, { metadata: { name: 'poison', uid: 'p', creationTimestamp: 'never' } }),
  );
  const runtime = await started();
  const ref = await created(runtime);
  server.store.put('pods', podObject({ phase: 'Melting' }, { name: 'bad', uid: 'bad' }));
  ownedPod(ref, exited(3));
  const look = async (): Promise<string> => (await runtime.observe(ref)).kind;
  await expect.poll(look).toBe('ended');
  expect(await runtime.list()).toEqual([
    expect.objectContaining({ attemptId: ref.attemptId, object: ref.object }),
  ]);
});

test('stop marks the Job and lets its deadline pass, once; the log is captured while it can be read', async () => {
  const runtime = await started();
  const ref = await created(runtime);
  ownedPod(ref, mainState('Running', { running: {} }));
  server.logs.set(podObject().metadata.name, 'one\ntwo\n');
  expect(await runtime.stop(ref, 10)).toBe(true);
  const patched = server.store.collections.jobs.objects.get(ref.object?.name ?? '') as {
    spec?: { activeDeadlineSeconds?: number };
  };
  expect(patched.spec?.activeDeadlineSeconds).toBe(1);
  const reads = server.requests.find((request) => request.path.endsWith('/log'));
  expect(reads?.parameters.get('follow')).toBe('true');
  server.logs.clear();
  server.store.remove('pods', podObject().metadata.name);
  await expect
    .poll(async () => Buffer.from((await runtime.logTail(ref, 4))?.bytes ?? []).toString())
    .toBe('two\n');
  expect(await runtime.stop({ ...ref, object: null }, 10)).toBe(true);
  expect(server.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(1);
  expect(await runtime.stop({ ...ref, object: { uid: 'other', name: ref.object?.name ?? '' } }, 10)).toBe(
    true,
  );
});

test('a suspended Job that is stopped makes no pod, whoever resumes it', async () => {
  const runtime = await started();
  const ref = await created(runtime);
  const job = server.store.collections.jobs.objects.get(ref.object?.name ?? '')!;
  server.store.put('jobs', { ...job, spec: { ...(job['spec'] as object), suspend: true } });
  await expect.poll(() => runtime.observe(ref)).toMatchObject({ reason: 'suspended' });
  expect(await runtime.stop(ref, 10)).toBe(true);
  const patch = server.requests.findLast(({ method }) => method === 'PATCH');
  expect(JSON.parse(patch?.body ?? '{}')).toMatchObject({
    spec: { activeDeadlineSeconds: 1, parallelism: 0 },
  });
});

test('a kubelet that does not answer holds no stop back', async () => {
  const runtime = await started();
  const ref = await created(runtime);
  ownedPod(ref, mainState('Running', { running: {} }));
  server.fail(({ path }) => path.endsWith('/log'), { kind: 'silence' });
  const before = performance.now();
  expect(await runtime.stop(ref, 10)).toBe(true);
  expect(performance.now() - before).toBeLessThan(5_000);
});

const failedBefore = { conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }] };
test('a Job whose labels somebody took away goes on: it is known by its uid', async () => {
  const runtime = await started();
  const ref = await created(runtime);
  const name = ref.object?.name ?? '';
  const uid = ref.object?.uid;
  server.store.removeSilently('jobs', name);
  server.store.put('jobs', jobObject(launch, { metadata: { uid, labels: {} } }));
  await server.until(() => server.watches.count() === 3);
  const lists = server.requests.filter(isList).length;
  server.watches.end('reset');
  await server.until(() => server.requests.filter(isList).length >= lists + 3);
  expect((await runtime.observe(ref)).kind).toBe('waiting');
  server.store.put('jobs', jobObject(launch, { metadata: { uid, labels: {} }, status: failedBefore }));
  await expect.poll(async () => (await runtime.observe(ref)).kind).toBe('ended');
  expect(await runtime.remove({ ...ref, object: null })).toBe(true);
});

test('stop and remove say when they could not ask; remove goes by uid', async () => {
  const runtime = await started();
  const ref = await created(runtime);
  server.fail(({ method }) => method === 'PATCH' || method === 'DELETE', answer(503), 2);
  expect(await runtime.stop(ref, 10)).toBe(false);
  expect(await runtime.remove(ref)).toBe(false);
  expect(await runtime.remove({ ...ref, object: { uid: 'other', name: ref.object?.name ?? '' } })).toBe(true);
  expect(server.store.collections.jobs.objects.has(ref.object?.name ?? '')).toBe(true);
  expect(await runtime.remove(ref)).toBe(true);
  const removal = JSON.parse(
    server.requests.findLast(({ method }) => method === 'DELETE')?.body ?? '{}',
  ) as object;
  expect(removal).toMatchObject({ preconditions: { uid: ref.object?.uid }, propagationPolicy: 'Background' });
  expect(await runtime.observe(ref)).toEqual({ kind: 'absent' });
  expect(await runtime.list()).toEqual([]);
});

test('logs: the end within the limit, from a byte on, and without a runtime', async () => {
  const runtime = await started();
  const ref = await created(runtime);
  expect(await runtime.logTail(ref, 100)).toBeNull();
  ownedPod(ref, exited(0));
  server.logs.set(podObject().metadata.name, '0123456789\n');
  expect(Buffer.from((await runtime.logTail(ref, 4))?.bytes ?? []).toString()).toBe('789\n');
  expect((await runtime.logTail(ref, 4))?.totalBytes).toBe(11);
  const logs = createKubernetesLogs({ namespace: 'n', credentials });
  const request = { follow: false, fromByte: 8, signal: new AbortController().signal };
  for (const source of [runtime, logs]) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await source.open(ref, request)) ?? []) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('89\n');
  }
  await logs.close();
});

test('with 200 running jobs and nothing new, no request is made', async () => {
  const runtime = await started();
  const refs = await Promise.all(
    Array.from({ length: 200 }, (_, index) => {
      const suffix = String(index).padStart(12, '0');
      return created(runtime, {
        ...launch,
        jobId: jobId(`0190a000-1111-7000-8000-${suffix}`),
        attemptId: attemptId(`0190a000-2222-4000-8000-${suffix}`),
      });
    }),
  );
  const before = server.requests.length;
  for (let turn = 0; turn < 5; turn += 1) for (const ref of refs) await runtime.observe(ref);
  expect(server.requests.length).toBe(before);
});
