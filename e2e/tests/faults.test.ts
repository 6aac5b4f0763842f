import { writeFile } from 'node:fs/promises';
import type { Client } from '@job-orchestrator/client';
import { isTerminalJobState, type ExecutorDto } from '@job-orchestrator/types';
import { expect, it, onTestFinished } from 'vitest';
import { behindProxies, startPlainApiServer, type NetworkedExecutor } from '../harness/behind-proxies.ts';
import type { Running } from '../harness/binary.ts';
import { untilAllOver, untilCount } from '../harness/crash.ts';
import { eventually } from '../harness/eventually.ts';
import { listAttemptJobs } from '../harness/kubectl.ts';
import {
  createKubernetesInstallation,
  podComplaints,
  podImage,
  untilNoPodRuns,
  type KubernetesInstallation,
} from '../harness/kubernetes-installation.ts';
import { listAllJobs } from '../harness/story.ts';
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts';
import { complaintsAbout } from '../harness/verdict.ts';

/** What is promised: an executor's attempts are adopted so soon after its end, or ours of all executors at once. */
const adoptionSeconds = 15;

const shell = (name: string, script: string) => ({ image: 'busybox', name, command: ['sh', '-c', script] });

const submit = async (client: Client, ...jobs: Parameters<Client['submitJobs']>[0][]): Promise<string[]> => {
  const answers = await Promise.all(jobs.map((job) => client.submitJobs(job)));
  return answers.flatMap((answer) => answer.jobs.map(({ id }) => id));
};

const liveExecutors = async (client: Client): Promise<readonly ExecutorDto[]> =>
  (await client.listExecutors()).items.filter(({ live }) => live);

const untilLive = (client: Client, ...names: string[]): Promise<unknown> =>
  eventually(`${names.join()} live`, 30, async () => {
    const live = (await liveExecutors(client)).map(({ name }) => name);
    return live.toSorted().join() === names.toSorted().join();
  });

/** Waits until live executors, only those of these names, hold `count` attempts; says how many seconds that took. */
const adopted = async (client: Client, count: number, ...by: string[]): Promise<number> => {
  const from = performance.now();
  await eventually(`${by.join()} adopts`, 60, async () => {
    const all = (await client.listExecutors()).items;
    const held = all
      .filter(({ live, name }) => live && by.includes(name))
      .reduce((sum, { running }) => sum + running, 0);
    const others = all
      .filter(({ live, name }) => !live || !by.includes(name))
      .reduce((sum, { running }) => sum + running, 0);
    return held === count && others === 0;
  });
  return (performance.now() - from) / 1_000;
};

/** An executor whose words with the API server go, unencrypted, through a proxy that can keep one of them. */
const overheard = async (
  installation: KubernetesInstallation,
  name: string,
): Promise<{ readonly start: () => Running; readonly wire: TcpProxy; readonly create: string }> => {
  const door = await startPlainApiServer();
  const wire = await startTcpProxy({ host: '127.0.0.1', port: door.port });
  onTestFinished(() => wire.close().finally(() => door.stop()));
  const kubeconfig = `${installation.namespace.kubeconfig}-${name}`;
  const server = `http://127.0.0.1:${wire.port}`;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'e2e',
    clusters: [{ name: 'e2e', cluster: { server } }],
    users: [{ name: 'nobody', user: {} }],
    contexts: [{ name: 'e2e', context: { cluster: 'e2e', user: 'nobody' } }],
  };
  await writeFile(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  const settings = { KUBECONFIG: kubeconfig, EXECUTOR_INSTANCE_ID: name };
  return {
    start: () => installation.start(['executor'], settings),
    wire,
    create: `POST /apis/batch/v1/namespaces/${installation.namespace.name}/jobs`,
  };
};

/**
 * The create is cut off on its way, and the API server with it; it arrives when its attempt could be over for long. Until its
 * answer is known nobody may say that it did not arrive.
 */
const unresolvedCreate = async (
  client: Client,
  { wire, create }: Awaited<ReturnType<typeof overheard>>,
): Promise<string> => {
  const held = wire.holdNext(create);
  const [id = ''] = await submit(client, {
    ...shell('unresolved', 'echo done'),
    deadlines: { startSeconds: 4 },
    retry: { maxRetries: 1, backoff: { baseSeconds: 1, capSeconds: 1 } },
  });
  await held.caught;
  wire.set('refuse');
  const since = performance.now();
  await eventually('its deadline to start has passed', 20, async () => {
    const { waitingFor } = await client.getJob(id);
    return performance.now() - since > 6_000 && waitingFor?.reason === 'runtime_unreachable';
  });
  expect(await client.getJob(id)).toMatchObject({ state: 'claimed', attempt: 1 });
  expect(await held.release(10_000)).toMatch(/^HTTP\/1.1 201 /);
  wire.set('pass');
  // What came late is this attempt's. Whether its program may still run, or the next attempt's, is a matter of its deadline.
  await eventually('it is over', 90, async () => isTerminalJobState((await client.getJob(id)).state));
  const [attempt] = (await client.getJob(id)).attempts;
  expect(attempt).toMatchObject({ number: 1, object: { uid: expect.any(String) as string } });
  return id;
};

/** The create of an executor that was killed arrives after another one ran the attempt and closed it. */
const lateCreate = async (
  installation: KubernetesInstallation,
  { wire, create }: Awaited<ReturnType<typeof overheard>>,
  killed: Running,
  successor: NetworkedExecutor,
): Promise<readonly [id: string, running: Running]> => {
  const { client, namespace, pods } = installation;
  const held = wire.holdNext(create);
  const [id = ''] = await submit(client, shell('late', 'echo done'));
  await held.caught;
  await killed.end('SIGKILL');
  const running = successor.start();
  const tookSeconds = await adopted(client, 1, successor.name);
  expect(tookSeconds).toBeLessThan(adoptionSeconds);
  await eventually('it is completed', 60, async () => (await client.getJob(id)).state === 'completed');
  const jobs = async () =>
    (await listAttemptJobs(namespace.name)).map(({ metadata }) => metadata.uid).toSorted();
  const [before, podsBefore] = [await jobs(), pods.pods.size];
  expect(await held.release(10_000)).toMatch(/^HTTP\/1.1 409 /);
  expect(await jobs()).toEqual(before);
  expect(pods.pods.size).toBe(podsBefore);
  return [id, running];
};

it('faults of network and processes restart nothing, double nothing, and are over within 15 s', async () => {
  const installation = await createKubernetesInstallation({ EXECUTOR_MAX_RUNNING: '4' });
  onTestFinished(installation.close);
  const { client, namespace, pods } = installation;
  const first = await overheard(installation, 'first');
  const one = await behindProxies(installation, 'one');
  const two = await behindProxies(installation, 'two');
  for (const proxy of [one.database, one.kubernetes, two.database, two.kubernetes])
    onTestFinished(proxy.close);
  const took: Record<string, number> = {};

  installation.start(['api']);
  await installation.ready();
  await client.putImage({ name: 'busybox', reference: podImage });
  const killed = first.start();
  await untilLive(client, 'first');
  const unresolved = await unresolvedCreate(client, first);
  const [late, runningOne] = await lateCreate(installation, first, killed, one);

  // One job set for all that follows; each of two executors holds half of it.
  const runningTwo = two.start();
  await untilLive(client, 'one', 'two');
  const steady = await submit(
    client,
    ...Array.from({ length: 8 }, (_, index) => shell(`steady-${index}`, 'sleep 65; echo done')),
  );
  await untilCount(client, 'running', 8, 60);
  const podsThen = [...pods.pods.keys()].toSorted();

  // `one` loses the database only; `two`, which has to adopt, loses the API server only.
  two.kubernetes.set('hang');
  one.database.set('hang');
  took['database'] = await adopted(client, 8, 'two');
  two.kubernetes.set('refuse');
  await eventually('two misses Kubernetes', 20, () =>
    Promise.resolve(runningTwo.log().includes('a list failed')),
  );
  two.kubernetes.set('pass');
  // What `one` wrote meanwhile, as an owner that it is not any more, arrives now.
  one.database.set('pass');
  await untilLive(client, 'one', 'two');

  // `two` stands still for longer than its lease, and goes on as if nothing had happened.
  process.kill(runningTwo.pid, 'SIGSTOP');
  took['stopped'] = await adopted(client, 8, 'one');
  process.kill(runningTwo.pid, 'SIGCONT');
  await untilLive(client, 'one', 'two');

  // All executors at once are stopped, and as many started anew.
  expect(await Promise.all([runningOne.end('SIGTERM'), runningTwo.end('SIGTERM')])).toEqual([0, 0]);
  one.start();
  two.start();
  // How long a process takes to start is the machine's affair.
  await untilLive(client, 'one', 'two');
  took['restart'] = await adopted(client, 8, 'one', 'two');

  expect((await listAllJobs(client)).filter(({ state }) => state === 'running')).toHaveLength(8);
  expect([...pods.pods.keys()].toSorted()).toEqual(podsThen);
  const stories = await untilAllOver(client, 90);
  expect(complaintsAbout([unresolved, late, ...steady], stories)).toEqual([]);
  const others = stories.filter(({ job }) => job.id !== unresolved);
  expect(others.map(({ job }) => [job.state, job.attempt])).toEqual(others.map(() => ['completed', 1]));
  expect(podComplaints(pods, stories)).toEqual([]);
  expect(Object.entries(took).filter(([, seconds]) => seconds >= adoptionSeconds)).toEqual([]);
  await untilNoPodRuns(namespace.name, 30);
});
