import { unguarded } from '@job-orchestrator/executor-core/testing';
import {
  attemptId,
  jobId,
  type AttemptLaunch,
  type AttemptRef,
  type JobRuntime,
} from '@job-orchestrator/types';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { labels } from '../labels.ts';
import { startFakeApiServer, type FakeApiServer } from '../testing/fake-api-server.ts';
import type { FakeObject } from '../testing/fake-store.ts';
import { exampleLaunch } from '../testing/launches.ts';
import { exited, jobObject, mainState, podObject } from '../testing/objects.ts';
import { silentLog } from '../testing/silent-log.ts';
import { defaultTiming } from '../watch/reflector.ts';
import { createKubernetesRuntime } from './create-runtime.ts';

const timing = { ...defaultTiming, backoff: { baseMs: 10, capMs: 50 } };
const running = mainState('Running', { running: { startedAt: '2026-01-01T00:00:02Z' } });
const good = exampleLaunch();
const bad: AttemptLaunch = {
  ...good,
  jobId: jobId('0190a000-1111-7000-8000-00000000bad0'),
  attemptId: attemptId('0190a000-2222-4000-8000-00000000bad0'),
};
let server: FakeApiServer;
let runtime: JobRuntime;
let refs: { readonly good: AttemptRef; readonly bad: AttemptRef };
const changed: string[] = [];

const startRuntime = async (): Promise<JobRuntime> => {
  const identity = () => Promise.resolve({ headers: {}, tls: {} });
  const credentials = { server: server.url, source: 'test', identity, invalidate: () => undefined };
  const { installation } = good;
  const made = await createKubernetesRuntime({
    namespace: 'n',
    credentials,
    installation,
    log: silentLog,
    timing,
  });
  await made.start((attempt) => void changed.push(attempt));
  return made;
};

beforeEach(async () => {
  server = await startFakeApiServer();
  runtime = await startRuntime();
  const refOf = async (launch: AttemptLaunch): Promise<AttemptRef> => {
    const outcome = await runtime.ensure(launch, unguarded);
    if (outcome.kind !== 'created') throw new Error(JSON.stringify(outcome));
    return { ...launch, object: outcome.object };
  };
  refs = { good: await refOf(good), bad: await refOf(bad) };
});
afterEach(async () => {
  await runtime.close();
  await server.close();
});

const podOf = (ref: AttemptRef, launch: AttemptLaunch, status: object, metadata: object = {}): FakeObject => {
  const ownerReferences = [{ kind: 'Job', controller: true, uid: ref.object?.uid }];
  return podObject(status, { uid: `pod-${ref.attemptId}`, ownerReferences, ...metadata }, { launch });
};
const withMeta = (metadata: object): FakeObject => {
  const pod = podOf(refs.bad, bad, running);
  return { ...pod, metadata: { ...pod.metadata, ...metadata } };
};
const without = (field: string): FakeObject => withMeta({ [field]: undefined });
const withStatus = (status: unknown): FakeObject => ({ ...podOf(refs.bad, bad, running), status });
const observe = (ref: AttemptRef) => runtime.observe(ref);
const untilSetAside = async (count: number): Promise<void> => {
  await expect.poll(async () => (await runtime.setAside()).length).toBe(count);
};

const poisons: readonly (readonly [what: string, pod: () => FakeObject, says: RegExp])[] = [
  ['an unknown phase', () => withStatus({ phase: 'Odd' }), /status\.phase "Odd" is not known/],
  ['an end without an exit code', () => withStatus(mainState('Failed', { terminated: {} })), /exitCode/],
  [
    'statuses that are no list',
    () => withStatus({ phase: 'Running', containerStatuses: 'none' }),
    /containerStatuses/,
  ],
  ['a status that is a sentence', () => withStatus('fine'), /status/],
  ['a time that is none', () => withMeta({ creationTimestamp: 'never' }), /creationTimestamp/],
  [
    'a container without a name',
    () => withStatus({ phase: 'Running', containerStatuses: [{ state: {} }] }),
    /name/,
  ],
];

describe('a pod that cannot be read is set aside, told of, and nothing is concluded about its attempt', () => {
  test.each(poisons)('%s', async (_what, pod, says) => {
    server.store.put('pods', pod());
    server.store.put('pods', podOf(refs.good, good, running));
    await untilSetAside(1);
    expect(await runtime.setAside()).toMatchObject([
      {
        kind: 'object',
        jobId: bad.jobId,
        name: expect.stringMatching(/^Pod jo-/) as string,
        message: expect.stringMatching(says) as string,
      },
    ]);
    expect(await observe(refs.bad)).toMatchObject({
      kind: 'unreachable',
      message: expect.stringMatching(says) as string,
    });
    await expect.poll(async () => (await observe(refs.good)).kind).toBe('running');
    changed.length = 0;
    server.store.put('pods', podOf(refs.bad, bad, exited(0)));
    await expect.poll(async () => (await observe(refs.bad)).kind).toBe('ended');
    expect(changed).toContain(bad.attemptId);
    expect(await runtime.setAside()).toEqual([]);
  });
});

const wronglyLabelled = (pod: FakeObject): FakeObject => ({
  ...pod,
  metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, [labels.attempt]: 'first' } },
});

test('a wrong label: whose pod it is, the Job that owns it says', async () => {
  server.store.put('pods', wronglyLabelled(podOf(refs.bad, bad, running)));
  await expect.poll(async () => (await observe(refs.bad)).kind).toBe('running');
  server.store.put('pods', wronglyLabelled(podOf(refs.bad, bad, exited(0))));
  await expect.poll(async () => (await observe(refs.bad)).kind).toBe('ended');
  expect(await runtime.setAside()).toEqual([]);
});

test('a wrong label, and no owner: nobody knows whose it is; it is told of, and the others go on', async () => {
  server.store.put('pods', wronglyLabelled(podOf(refs.bad, bad, running, { ownerReferences: [] })));
  server.store.put('pods', podOf(refs.good, good, running));
  await untilSetAside(1);
  expect(await runtime.setAside()).toMatchObject([
    { jobId: null, message: expect.stringContaining('labels') as string },
  ]);
  await expect.poll(async () => (await observe(refs.good)).kind).toBe('running');
});

test('an object without an owner, a node or a status is read as what it is', async () => {
  server.store.put('pods', without('ownerReferences'));
  server.store.put('pods', { ...podOf(refs.good, good, {}), status: undefined });
  await expect.poll(async () => (await observe(refs.good)).kind).toBe('waiting');
  expect(await runtime.setAside()).toEqual([]);
});

test('an annotation of 1 MB is nothing to us, and is not kept', async () => {
  const annotations = { 'somebody.example/notes': 'x'.repeat(1_048_576) };
  server.store.put('pods', podOf(refs.bad, bad, running, { annotations }));
  await expect.poll(async () => (await observe(refs.bad)).kind).toBe('running');
  expect(await runtime.setAside()).toEqual([]);
});

test('a pod that cannot be read can be stopped all the same, and its end is then seen by its Job', async () => {
  server.store.put('pods', withStatus({ phase: 'Odd' }));
  await untilSetAside(1);
  expect(await observe(refs.bad)).toMatchObject({ kind: 'unreachable', unread: true });
  expect(await runtime.stop(refs.bad, 10)).toBe(true);
  const job = server.store.collections.jobs.objects.get(refs.bad.object?.name ?? '')!;
  const failed = { type: 'Failed', status: 'True', reason: 'DeadlineExceeded', message: 'asked' };
  server.store.put('jobs', { ...job, status: { conditions: [failed] } });
  server.store.remove('pods', withStatus({ phase: 'Odd' }).metadata.name);
  await expect
    .poll(() => observe(refs.bad))
    .toMatchObject({
      kind: 'ended',
      exit: { failure: { reason: 'cancelled' } },
    });
});

test('a message of 1 MB is cut, and what no database can store is replaced', async () => {
  const message = `${'😀'.repeat(1_500)}\0\ud83d${'x'.repeat(1_048_576)}`;
  const reason = 'Evicted';
  server.store.put('pods', podOf(refs.bad, bad, { ...exited(3, {}, { message }), reason, message }));
  await expect.poll(async () => (await observe(refs.bad)).kind).toBe('ended');
  const seen = await observe(refs.bad);
  const failure = seen.kind === 'ended' ? seen.exit.failure : null;
  expect(failure?.message.length).toBeLessThan(20_000);
  const stored = JSON.stringify(failure);
  expect(stored).not.toMatch(/\\u0000|\\ud[89a-f]/);
  expect(failure?.evidence['lastOutput']).toMatch(/x…$/);
});

test('a Job that cannot be read is set aside too; what is deleted is told of no more, whether the deletion was seen or not', async () => {
  const job = (status: object) =>
    server.store.put('jobs', jobObject(bad, { metadata: { uid: refs.bad.object?.uid ?? '' }, status }));
  job({ conditions: 'all is well' });
  server.store.put('pods', withStatus({ phase: 'Odd' }));
  await untilSetAside(2);
  expect((await observe(refs.bad)).kind).toBe('unreachable');
  server.store.remove('jobs', refs.bad.object?.name ?? '');
  await untilSetAside(1);
  server.store.removeSilently('pods', withStatus({ phase: 'Odd' }).metadata.name);
  server.watches.expire();
  await untilSetAside(0);
  await expect.poll(async () => (await observe(refs.bad)).kind).toBe('absent');
});

const unreadJob = (): FakeObject => ({
  ...server.store.collections.jobs.objects.get(refs.bad.object?.name ?? '')!,
  status: { conditions: 'all is well' },
});

describe('a Job that cannot be read, of an executor that never saw it as it should be', () => {
  beforeEach(async () => {
    await runtime.close();
    server.store.put('jobs', unreadJob());
    const pod = podOf(refs.bad, bad, running);
    const marked = { ...pod.metadata.labels, 'controller-uid': refs.bad.object?.uid ?? '' };
    server.store.put('pods', { ...pod, metadata: { ...pod.metadata, labels: marked } });
    runtime = await startRuntime();
    await untilSetAside(1);
  });

  test('it is asked to end by uid and name, holds while it has a pod, and has ended once the server says that none is left', async () => {
    expect(await observe(refs.bad)).toMatchObject({ kind: 'unreachable', unread: true });
    expect(await runtime.stop(refs.bad, 10)).toBe(true);
    await expect.poll(() => observe(refs.bad)).toMatchObject({ kind: 'unreachable', unread: true });
    server.store.remove('pods', podOf(refs.bad, bad, running).metadata.name);
    await expect
      .poll(() => observe(refs.bad))
      .toMatchObject({ kind: 'ended', exit: { exitCode: null, failure: { reason: 'cancelled' } } });
    expect(await runtime.remove(refs.bad)).toBe(true);
    expect(server.store.collections.jobs.objects.has(refs.bad.object?.name ?? '')).toBe(false);
  });

  test('that it has no pod says nothing while nobody asked it to end', async () => {
    server.store.remove('pods', podOf(refs.bad, bad, running).metadata.name);
    await expect.poll(() => observe(refs.bad)).toMatchObject({ kind: 'unreachable', unread: true });
  });

  test('without its uid recorded it is found by its labels', async () => {
    const unrecorded = { ...refs.bad, object: null };
    expect(await runtime.stop(unrecorded, 10)).toBe(true);
    expect(await runtime.remove(unrecorded)).toBe(true);
    expect(server.store.collections.jobs.objects.has(refs.bad.object?.name ?? '')).toBe(false);
  });
});

test('an event of ours that cannot be read is told of while it exists; those of others are nobody’s concern', async () => {
  const event = (name: string): FakeObject => ({
    metadata: { name: `${name}.1`, uid: `event-${name}` },
    involvedObject: { kind: 'Pod', name },
    type: 'Warning',
    reason: 'FailedMount',
  });
  server.store.put('events', event('another-pod'));
  server.store.put('events', event(refs.bad.object?.name ?? ''));
  await untilSetAside(1);
  expect(await runtime.setAside()).toMatchObject([
    {
      kind: 'object',
      jobId: null,
      name: expect.stringMatching(/^Event jo-/) as string,
      message: 'involvedObject.uid is missing',
    },
  ]);
  expect((await observe(refs.good)).kind).toBe('waiting');
  server.store.remove('events', `${refs.bad.object?.name ?? ''}.1`);
  await untilSetAside(0);
});
