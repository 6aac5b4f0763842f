import { unguarded } from '@job-orchestrator/executor-core/testing';
import { attemptId, newJobId, type AttemptRef, type JobRuntime } from '@job-orchestrator/types';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { annotations } from '../labels.ts';
import { startFakeApiServer, type FakeApiServer } from '../testing/fake-api-server.ts';
import { exampleLaunch } from '../testing/launches.ts';
import { exited, jobObject, mainState, podObject } from '../testing/objects.ts';
import { silentLog } from '../testing/silent-log.ts';
import { createKubernetesRuntime } from './create-runtime.ts';

const launch = exampleLaunch();
let server: FakeApiServer;
let runtime: JobRuntime;
let ref: AttemptRef;
let name: string;

beforeEach(async () => {
  server = await startFakeApiServer();
  const identity = () => Promise.resolve({ headers: {}, tls: {} });
  const credentials = { server: server.url, source: 'test', identity, invalidate: () => undefined };
  const { installation } = launch;
  runtime = await createKubernetesRuntime({ namespace: 'n', credentials, installation, log: silentLog });
  await runtime.start(() => undefined);
  const outcome = await runtime.ensure(launch, unguarded);
  if (outcome.kind !== 'created') throw new Error(JSON.stringify(outcome));
  ref = { ...launch, object: outcome.object };
  name = outcome.object.name;
});
afterEach(async () => {
  await runtime.close();
  await server.close();
});

const standing = () => server.store.collections.jobs.objects.get(name);

test('a stop meant for the Job that stood there before leaves the one that stands there now alone', async () => {
  const former = { ...ref, object: { uid: 'former', name } };
  expect(await runtime.stop(former, 10)).toBe(true);
  expect(standing()?.metadata).not.toHaveProperty(['annotations', annotations.stopRequested]);
  expect(await runtime.stop(ref, 10)).toBe(true);
  expect(standing()?.metadata).toHaveProperty(['annotations', annotations.stopRequested]);
});

test('what a watch tells late of a Job that was removed makes it no Job of now', async () => {
  const before = structuredClone(standing()!);
  const attempt = attemptId('0190a000-2222-4000-8000-0000000000ff');
  const other = { ...launch, jobId: newJobId(), attemptId: attempt };
  expect(await runtime.remove(ref)).toBe(true);
  server.store.put('jobs', before);
  server.store.put('jobs', jobObject(other, { metadata: { uid: 'other' } }));
  await expect.poll(() => runtime.list()).toMatchObject([{ attemptId: attempt }]);
});

test('a Job that waits for a finalizer is not gone, and is asked to go again', async () => {
  const waits = {
    kind: 'answer',
    status: 200,
    page: JSON.stringify({ ...standing(), kind: 'Job' }),
  } as const;
  server.fail(({ method }) => method === 'DELETE', waits, 1);
  expect(await runtime.remove(ref)).toBe(false);
  expect(await runtime.list()).toHaveLength(1);
  expect(await runtime.remove(ref)).toBe(true);
  expect(await runtime.list()).toEqual([]);
});

test('the end of a program that only the deletion of its pod tells is its end', async () => {
  const ownerReferences = [{ kind: 'Job', controller: true, uid: ref.object?.uid }];
  const put = (status: object) => server.store.put('pods', podObject(status, { ownerReferences }));
  const pod = put(mainState('Running', { running: {} }));
  await expect.poll(async () => (await runtime.observe(ref)).kind).toBe('running');
  server.watches.mute(true);
  put(exited(3));
  server.watches.mute(false);
  server.store.remove('pods', pod.metadata.name);
  await expect
    .poll(() => runtime.observe(ref))
    .toMatchObject({ kind: 'ended', exit: { exitCode: 3, failure: { reason: 'exit_code' } } });
});
