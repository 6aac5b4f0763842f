import { unguarded } from '@job-orchestrator/executor-core/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  attemptId,
  installationId,
  newJobId,
  type AttemptRef,
  type Clock,
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
import { systemClock } from '../system-clock.ts';
import { silentLog } from '../testing/silent-log.ts';
import { markerName } from './cluster-key.ts';
import { createKubernetesRuntime } from './create-runtime.ts';

let server: FakeApiServer;
let credentials: Credentials;
const open: (JobRuntime & LogSource)[] = [];
const launch = exampleLaunch();

const make = async (): Promise<JobRuntime & LogSource> => {
  const { installation } = launch;
  const options = { namespace: 'n', credentials, installation, log: silentLog };
  const runtime = await createKubernetesRuntime(options);
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
const answer = (status: number, message = '', reason = '', headers = {}): FakeFault => ({
  kind: 'answer',
  status,
  message,
  reason,
  headers,
});
const created = async (runtime: JobRuntime): Promise<AttemptRef> => {
  const outcome = await runtime.ensure(launch, unguarded);
  if (outcome.kind !== 'created') throw new Error(JSON.stringify(outcome));
  return { ...launch, object: outcome.object };
};
const ownedPod = (ref: AttemptRef, status: object): void => {
  const ownerReferences = [{ kind: 'Job', controller: true, uid: ref.object?.uid }];
  server.store.put('pods', podObject(status, { ownerReferences }));
};

/** How many requests had to wait for their turn while so many launches came in one instant. */
const heldBack = async (launchesPerSecond: number, launches: number): Promise<number> => {
  let waits = 0;
  const setTimer: Clock['setTimer'] = (ms, callback) => {
    waits += 1;
    return systemClock.setTimer(ms, callback);
  };
  const options = { namespace: 'n', credentials, installation: launch.installation, log: silentLog };
  // On a busy machine they take long enough for the bucket to fill again.
  const clock = { ...systemClock, setTimer, monotonicMs: () => 0 };
  const runtime = await createKubernetesRuntime({ ...options, clock, launchesPerSecond });
  open.push(runtime);
  const each = Array.from({ length: launches }, () => ({ ...launch, jobId: newJobId() }));
  const outcomes = await Promise.all(each.map((one) => runtime.ensure(one, () => true)));
  expect(outcomes.filter(({ kind }) => kind !== 'created')).toEqual([]);
  return waits;
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

test('no create leaves after the lease is over: neither from the bucket nor after credentials that hung', async () => {
  const holds = { lease: true };
  const mayCreate = (): boolean => holds.lease;
  let answerAtLast = (): void => undefined;
  const hanging = new Promise<void>((resolve) => (answerAtLast = resolve));
  const { identity } = credentials;
  const runtime = await started();
  const creates = server.requests.filter(isCreate).length;
  credentials = Object.assign(credentials, { identity: () => hanging.then(identity) });
  const inVain = runtime.ensure(launch, mayCreate);
  holds.lease = false;
  answerAtLast();
  expect(await inVain).toEqual({ kind: 'withheld' });
  Object.assign(credentials, { identity });

  server.fail(isCreate, answer(429, 'slow down', '', { 'retry-after': '1' }), 1);
  holds.lease = true;
  expect(await runtime.ensure(launch, mayCreate)).toMatchObject({ kind: 'busy' });
  const inTheBucket = runtime.ensure(launch, mayCreate);
  holds.lease = false;
  expect(await inTheBucket).toEqual({ kind: 'withheld' });
  expect(server.requests.filter(isCreate).length).toBe(creates + 1);
  holds.lease = true;
  expect(await runtime.ensure(launch, mayCreate)).toMatchObject({ kind: 'created' });
});

test('a server that cannot be reached, and credentials that fail, are certain: nothing was sent', async () => {
  const runtime = await make();
  const { identity } = credentials;
  Object.assign(credentials, { identity: () => Promise.reject(new Error('the plugin is gone')) });
  expect(await runtime.ensure(launch, unguarded)).toMatchObject({
    kind: 'busy',
    reason: 'runtime_unreachable',
    message: expect.stringContaining('the plugin is gone') as string,
  });
  Object.assign(credentials, { identity });
  await server.close();
  // The first may still go out on a connection that was open.
  await expect
    .poll(() => runtime.ensure(launch, unguarded))
    .toMatchObject({
      kind: 'busy',
      reason: 'runtime_unreachable',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
});

test('a Job under an id that the database forgot is taken over, with its pod, log and changes, by later executors too', async () => {
  const first = await started();
  const former = await created(first);
  ownedPod(former, mainState('Running', { running: {} }));
  const restored = { ...launch, attemptId: attemptId('0190a000-2222-4000-8000-00000000000f') };
  const changes: string[] = [];
  const runtime = await started((attempt) => void changes.push(attempt));
  await expect.poll(async () => (await runtime.observe(former)).kind).toBe('running');
  expect(await runtime.ensure(restored, () => true)).toEqual({
    kind: 'taken_over',
    object: former.object,
    from: launch.attemptId,
  });
  const ref = { ...restored, object: former.object };
  expect(await runtime.observe(ref)).toMatchObject({ kind: 'running' });
  expect(await runtime.ensure(restored, unguarded)).toEqual({ kind: 'exists', object: former.object });
  changes.length = 0;
  ownedPod(former, exited(7));
  await expect.poll(() => changes).toContain(ref.attemptId);
  server.logs.set(podObject().metadata.name, 'still here\n');
  for (const each of [runtime, await started()]) {
    expect(await each.observe(ref)).toMatchObject({ kind: 'ended', exit: { exitCode: 7 } });
    expect(Buffer.from((await each.logTail(ref, 100))?.bytes ?? []).toString()).toBe('still here\n');
    expect(await each.list()).toEqual([expect.objectContaining({ attemptId: ref.attemptId })]);
  }
  expect(server.requests.filter(isCreate).length).toBe(3);
});

test.each<[string, object]>([
  ['no labels', { labels: undefined }],
  ['a number as a variable', { env: { A: 1 } }],
  ['a command that is no list', { command: 5 }],
  ['no deadlines', { deadlines: null }],
])(
  'a stored spec with %s is refused, and nothing is sent: a throw would leave the launch in doubt for ever',
  async (_, odd) => {
    const runtime = await started();
    const before = server.requests.length;
    const spec = { ...launch.spec, ...odd } as typeof launch.spec;
    expect(await runtime.ensure({ ...launch, spec }, unguarded)).toMatchObject({
      kind: 'refused',
      failure: {
        reason: 'launch_refused',
        message: expect.stringContaining('as it is stored') as string,
      },
    });
    expect(server.requests.length).toBe(before);
  },
);

test.each<[string, object]>([
  ['of another installation', { installation: installationId('0190a000-0000-7000-8000-00000001cafe') }],
  ['of another job', { jobId: newJobId() }],
  ['of another number', { attemptNumber: 2 }],
])('a Job under our name with the labels %s is nobody’s to take over', async (_, odd) => {
  const runtime = await started();
  const other = { ...launch, attemptId: attemptId('0190a000-2222-4000-8000-00000000000f'), ...odd };
  const { labels } = jobObject(other).metadata;
  server.store.put('jobs', jobObject(launch, { metadata: { labels } }));
  const before = server.requests.length;
  expect(await runtime.ensure(launch, unguarded)).toMatchObject({
    kind: 'refused',
    failure: { reason: 'name_taken' },
  });
  expect(server.requests.slice(before).filter(({ method }) => method === 'PATCH')).toEqual([]);
});

test('a take-over that meets another change, or an unwilling server, is asked for again', async () => {
  const runtime = await started();
  await created(runtime);
  const restored = { ...launch, attemptId: attemptId('0190a000-2222-4000-8000-00000000000f') };
  const standing = [...server.store.collections.jobs.objects.values()].at(-1)?.metadata;
  server.fail(({ method }) => method === 'PATCH', answer(409, 'changed', 'Conflict'), 1);
  expect(await runtime.ensure(restored, unguarded)).toMatchObject({ kind: 'unresolved' });
  let asked = 0;
  expect(await runtime.ensure(restored, () => (asked += 1) <= 2)).toEqual({ kind: 'withheld' });
  expect(await runtime.ensure(restored, unguarded)).toMatchObject({ kind: 'taken_over' });
  const patch = server.requests.findLast(({ method }) => method === 'PATCH')?.body ?? '{}';
  const { uid, resourceVersion } = standing ?? {};
  expect(JSON.parse(patch)).toMatchObject({ metadata: { uid, resourceVersion } });
});

test('its requests keep up with the launches that are asked of it, and no faster', async () => {
  expect(await heldBack(60, 500)).toBe(0);
  expect(await heldBack(20, 250)).toBeGreaterThan(40);
});

test('the pages of a proxy end, lose and refuse nothing', async () => {
  const runtime = await started();
  const ref = await created(runtime);
  const other = attemptId('0190a000-2222-4000-8000-00000000f0f0');
  const unknown = { ...ref, jobId: newJobId(), attemptId: other, object: null };
  const heal = server.fail(() => true, { kind: 'answer', status: 404, page: '<h1>no such backend</h1>' });
  expect(await runtime.observe(unknown)).toMatchObject({
    kind: 'unreachable',
    message: expect.stringContaining('not from Kubernetes') as string,
  });
  const { jobId } = unknown;
  const outcome = await runtime.ensure({ ...launch, jobId, attemptId: other }, unguarded);
  expect(outcome).toMatchObject({ kind: 'unresolved' });
  expect(await runtime.stop(ref, 10)).toBe(false);
  expect(await runtime.remove(ref)).toBe(false);
  heal();
  expect(await runtime.observe(ref)).toMatchObject({ kind: 'waiting' });
});

test('a Job that a webhook took our labels from is removed, and the job told why: nobody would watch it', async () => {
  const runtime = await started();
  server.mutate((object) => ({ ...object, metadata: { ...object.metadata, labels: { team: 'theirs' } } }));
  expect(await runtime.ensure(launch, unguarded)).toMatchObject({
    kind: 'refused',
    failure: { reason: 'launch_refused', message: expect.stringContaining('mutating webhook') as string },
  });
  expect([...server.store.collections.jobs.objects.keys()]).toEqual([markerName]);
});

test('while such a Job cannot be removed nothing is concluded', async () => {
  const runtime = await started();
  server.mutate((object) => ({ ...object, metadata: { ...object.metadata, labels: {} } }));
  const heal = server.fail(({ method }) => method === 'DELETE', answer(500));
  expect(await runtime.ensure(launch, unguarded)).toMatchObject({ kind: 'unresolved' });
  expect(await runtime.ensure(launch, unguarded)).toMatchObject({ kind: 'unresolved' });
  heal();
  expect(await runtime.ensure(launch, unguarded)).toMatchObject({ failure: { reason: 'launch_refused' } });
  expect([...server.store.collections.jobs.objects.keys()]).toEqual([markerName]);
});
