import { unguarded } from '@job-orchestrator/executor-core/testing';
import type { Clock, JobRuntime } from '@job-orchestrator/types';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../system-clock.ts';
import { startFakeApiServer, type FakeApiServer } from '../testing/fake-api-server.ts';
import { exampleLaunch } from '../testing/launches.ts';
import { mainState, podObject } from '../testing/objects.ts';
import { silentLog } from '../testing/silent-log.ts';
import { defaultTiming } from '../watch/reflector.ts';
import { createKubernetesRuntime } from './create-runtime.ts';

const launch = exampleLaunch();
const timing = { ...defaultTiming, backoff: { baseMs: 10, capMs: 50 } };
let server: FakeApiServer;
let runtime: JobRuntime;
/** How much more time has passed than really has. */
let aheadMs = 0;
const clock: Clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };

beforeEach(async () => {
  aheadMs = 0;
  server = await startFakeApiServer();
  const identity = () => Promise.resolve({ headers: {}, tls: {} });
  const credentials = { server: server.url, source: 'test', identity, invalidate: () => undefined };
  const { installation } = launch;
  const options = { namespace: 'n', credentials, installation, log: silentLog, timing, clock };
  runtime = await createKubernetesRuntime(options);
  await runtime.start(() => undefined);
});
afterEach(async () => {
  await runtime.close();
  await server.close();
});

test('what was known before contact was lost is shown for 30 s, then nothing is, until there is contact again', async () => {
  const outcome = await runtime.ensure(launch, unguarded);
  if (outcome.kind !== 'created') throw new Error(JSON.stringify(outcome));
  const ref = { ...launch, object: outcome.object };
  const ownerReferences = [{ kind: 'Job', controller: true, uid: outcome.object.uid }];
  server.store.put('pods', podObject(mainState('Running', { running: {} }), { ownerReferences }));
  await expect.poll(async () => (await runtime.observe(ref)).kind).toBe('running');

  let asked = 0;
  const heal = server.fail(() => (asked += 1) > 0, { kind: 'reset' });
  server.watches.end('reset');
  await server.until(() => asked >= 3);
  aheadMs = 25_000;
  expect(await runtime.observe(ref)).toMatchObject({ kind: 'running' });
  aheadMs = 31_000;
  expect(await runtime.observe(ref)).toMatchObject({
    kind: 'unreachable',
    message: expect.stringMatching(/^No contact with Kubernetes for 3\d s\.$/) as string,
  });
  expect(await runtime.list()).toBeNull();
  heal();
  await expect.poll(async () => (await runtime.observe(ref)).kind).toBe('running');
  expect(await runtime.list()).toHaveLength(1);
});
