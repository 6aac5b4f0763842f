import { unguarded, waitUntil } from '@job-orchestrator/executor-core/testing';
import { frameOutput, writeReceipt, type AttemptRef, type JobRuntime } from '@job-orchestrator/types';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createKubernetesRuntime } from '../runtime/create-runtime.ts';
import { startFakeApiServer, type FakeApiServer } from '../testing/fake-api-server.ts';
import { exampleCollector, exampleLaunch } from '../testing/launches.ts';
import { exited, podObject } from '../testing/objects.ts';
import { silentLog } from '../testing/silent-log.ts';
import { sha256 } from './report-output.ts';

const launch = exampleLaunch({ output: true });
const content = Buffer.from(JSON.stringify(randomBytes(30_000).toString('hex')));
const digest = sha256(content);
let server: FakeApiServer;
let runtime: JobRuntime;
let ref: AttemptRef;

beforeEach(async () => {
  server = await startFakeApiServer();
  const identity = () => Promise.resolve({ headers: {}, tls: {} });
  const credentials = { server: server.url, source: 'test', identity, invalidate: () => undefined };
  const { installation } = launch;
  const collector = exampleCollector;
  runtime = await createKubernetesRuntime({
    namespace: 'n',
    credentials,
    installation,
    log: silentLog,
    collector,
  });
  await runtime.start(() => undefined);
  const outcome = await runtime.ensure(launch, unguarded);
  if (outcome.kind !== 'created') throw new Error(JSON.stringify(outcome));
  ref = { ...launch, object: outcome.object };
});
afterEach(async () => {
  await runtime.close();
  await server.close();
});

const until = (holds: () => Promise<boolean>): Promise<true> =>
  waitUntil('it', async () => (await holds()) || null, { timeoutMs: 10_000 });

/** The pod of the attempt, its program ended with 0, with what its collector left as its message. */
const endedPod = async (message: string, log: string | null): Promise<string> => {
  const terminated = { exitCode: 0, reason: 'Completed', message };
  const init = { initContainerStatuses: [{ name: 'output-collector', imageID: 'x', state: { terminated } }] };
  const ownerReferences = [{ kind: 'Job', controller: true, uid: ref.object?.uid }];
  const spec = { initContainers: [{ name: 'output-collector', restartPolicy: 'Always' }] };
  const object = podObject(exited(0, init), { ownerReferences }, { spec });
  if (log !== null) server.logs.set(object.metadata.name, log);
  server.store.put('pods', object);
  await until(async () => (await runtime.observe(ref)).kind === 'ended');
  return object.metadata.name;
};
const receipt = (of: string = digest): string =>
  writeReceipt({
    kind: 'left',
    bytes: content.length,
    digest: of,
    delivered: false,
    result: null,
    note: null,
  });

test('a large output is collected from the framed log of the collector, checked against its receipt', async () => {
  const name = await endedPod(receipt(), `noise\n${frameOutput(content, digest)}more noise\n`);
  expect(await runtime.observe(ref)).toMatchObject({ exit: { output: { kind: 'left' } } });
  expect(await runtime.collectOutput(ref)).toEqual({
    kind: 'ready',
    result: { text: content.toString(), bytes: content.length, digest },
    files: [],
  });
  const asked = server.requests.find(({ path }) => path.endsWith(`${name}/log`));
  expect(asked?.parameters.get('container')).toBe('output-collector');
});

test('without a receipt, because the collector was killed, a whole frame is as good', async () => {
  await endedPod('', frameOutput(content, digest));
  expect(await runtime.collectOutput(ref)).toMatchObject({ kind: 'ready', result: { digest } });
});

test.each([
  ['cut off', () => receipt(), () => frameOutput(content, digest).slice(0, -200), 'holds no whole output'],
  [
    'that is not the one of the receipt',
    () => receipt('a'.repeat(64)),
    () => frameOutput(content, digest),
    'receipt',
  ],
  [
    'that was tampered with',
    () => '',
    () => frameOutput(Buffer.from(content).fill(65, 5, 8), digest),
    'receipt',
  ],
  ['of which there is no log', () => receipt(), () => null, 'no log'],
])('an output %s is lost', async (_, message, log, words) => {
  await endedPod(message(), log());
  expect(await runtime.collectOutput(ref)).toMatchObject({
    kind: 'lost',
    message: expect.stringContaining(words) as string,
  });
});

test('an API server or kubelet that cannot say leaves it pending', async () => {
  await endedPod(receipt(), frameOutput(content, digest));
  const heal = server.fail(({ path }) => path.endsWith('/log'), {
    kind: 'answer',
    status: 503,
    message: 'no',
  });
  expect(await runtime.collectOutput(ref)).toEqual({ kind: 'pending' });
  heal();
  expect(await runtime.collectOutput(ref)).toMatchObject({ kind: 'ready' });
});

test('a pod that is gone has taken it along, but only if the server says so', async () => {
  const name = await endedPod(receipt(), frameOutput(content, digest));
  server.store.remove('pods', name);
  server.logs.delete(name);
  const heal = server.fail(({ path }) => path.endsWith('/pods'), {
    kind: 'answer',
    status: 500,
    message: 'no',
  });
  await until(async () => (await runtime.collectOutput(ref)).kind === 'pending');
  heal();
  expect(await runtime.collectOutput(ref)).toMatchObject({
    kind: 'lost',
    message: expect.stringContaining('The pod is gone') as string,
  });
});
