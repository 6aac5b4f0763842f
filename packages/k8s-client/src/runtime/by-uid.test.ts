import { unguarded } from '@job-orchestrator/executor-core/testing';
import { attemptId, newJobId, type AttemptRef, type JobRuntime } from '@job-orchestrator/types';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { annotations } from '../labels.ts';
import { startFakeApiServer, type FakeApiServer } from '../testing/fake-api-server.ts';
import { exampleLaunch } from '../testing/launches.ts';
import { jobObject } from '../testing/objects.ts';
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
