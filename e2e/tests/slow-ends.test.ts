import { randomBytes } from 'node:crypto';
import { onServer } from '@job-orchestrator/postgres/testing';
import type { JobDetail } from '@job-orchestrator/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../harness/binary.ts';
import { eventually } from '../harness/eventually.ts';
import { createFakeNode } from '../harness/fake-node.ts';
import { kubectl, listAttemptJobs } from '../harness/kubectl.ts';
import { type KubernetesInstallation, serveOnKubernetes } from '../harness/kubernetes-installation.ts';
import { pushImage, registries, startLimitedRegistry } from '../harness/registry.ts';

/** Each of these waits for a minute or two, most of the time for nothing but that; so they do it together. */
let installation: KubernetesInstallation;

beforeAll(async () => {
  installation = await serveOnKubernetes();
});
afterAll(() => installation.close());

type Submission = Extract<Parameters<KubernetesInstallation['client']['submitJobs']>[0], { image: string }>;
const submit = async (job: Submission): Promise<string> =>
  (await installation.client.submitJobs(job)).jobs[0]?.id ?? '';
const jobOf = (id: string): Promise<JobDetail> => installation.client.getJob(id);
const until = (
  id: string,
  what: string,
  seconds: number,
  fits: (job: JobDetail) => boolean,
): Promise<JobDetail> =>
  eventually(`${id}: ${what}`, seconds, async () => {
    const job = await jobOf(id);
    return fits(job) && job;
  });
const describeJob = async (id: string): Promise<string> =>
  (await run(['describe', 'job', id], installation.cli)).stdout.replaceAll(/\s+/g, ' ');
const unspent = { user: 0, infrastructure: 0, output: 0, unknown: 0, outOfMemory: 0 };

describe.skipIf(registries === null)('images of a real registry', { concurrent: true }, () => {
  const { open, withLogin, ofTests } = registries ?? { open: '', withLogin: '', ofTests: '' };
  const repository = `e2e/${randomBytes(4).toString('hex')}`;
  let digest = '';
  const runImage = async (name: string, reference: string): Promise<string> => {
    await installation.client.putImage({ name, reference });
    return submit({ image: name, command: ['echo', 'pulled'] });
  };
  beforeAll(async () => {
    if (registries !== null) digest = await pushImage(open, repository, '1');
  });

  it('one that is pulled is recorded by the digest that ran', async () => {
    const id = await runImage('pulled', `${open}/${repository}:1`);
    const job = await until(id, 'completes', 90, ({ state }) => state === 'completed');
    expect(job.attempts.map(({ imageDigest }) => imageDigest)).toEqual([`${open}/${repository}@${digest}`]);
    expect(await describeJob(id)).toContain(`Image ran ${open}/${repository}@${digest}`);
  });

  it('one that needs a login is pulled with the secret that its image names', async () => {
    const { name: namespace } = installation.namespace;
    const auth = Buffer.from('e2e:e2e').toString('base64');
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/dockerconfigjson',
      metadata: { name: 'private', namespace },
      stringData: { '.dockerconfigjson': JSON.stringify({ auths: { [withLogin]: { auth } } }) },
    };
    await kubectl(['create', '-f', '-'], JSON.stringify(secret));
    const own = `${repository}-private`;
    const pushed = await pushImage(open, own, '1');
    const reference = `${withLogin}/${own}:1`;
    await installation.client.putImage({ name: 'private', reference, pullSecrets: ['private'] });
    const id = await submit({ image: 'private', command: ['true'] });
    const job = await until(id, 'completes', 90, ({ state }) => state === 'completed');
    expect(job.attempts.map(({ imageDigest }) => imageDigest)).toEqual([`${withLogin}/${own}@${pushed}`]);
  });

  it('a rate limit is told as one, and waited out at no cost', async ({ onTestFinished }) => {
    const limited = await startLimitedRegistry(ofTests, open);
    onTestFinished(limited.close);
    const id = await runImage('limited', `${ofTests}/${repository}:1`);
    const waits = await until(id, 'waits', 90, ({ waitingFor }) => waitingFor?.reason === 'image_problem');
    expect(waits.waitingFor?.message).toMatch(/429 Too Many Requests|toomanyrequests/i);
    expect(limited.refused()).toBeGreaterThan(0);
    limited.lift();
    // The kubelet comes back after 10 s, then 20 s.
    const job = await until(id, 'completes', 120, ({ state }) => state === 'completed');
    expect(job).toMatchObject({ attempt: 1, retriesUsed: unspent });
  });

  it.each([
    ['a tag that is not there', 'absent', `${open}/${repository}:none`, 'image_not_found', 'not found'],
    [
      'a login that is refused',
      'denied',
      `${withLogin}/${repository}:1`,
      'image_pull_denied',
      '401 Unauthorized',
    ],
  ])('%s fails for good after a grace, charged to nobody', async (_what, name, reference, reason, words) => {
    const id = await runImage(name, reference);
    const waits = await until(id, 'waits', 90, ({ waitingFor }) => waitingFor?.reason === 'image_problem');
    expect(waits.waitingFor?.message).toContain(words);
    const job = await until(id, 'fails', 180, ({ state }) => state === 'failed');
    expect(job).toMatchObject({ attempt: 1, retriesUsed: unspent, failure: { category: 'image', reason } });
    expect(await describeJob(id)).toContain(`What to do ${job.failure?.hint}`);
  });
});

describe.concurrent('a node that is lost', () => {
  it('holds its attempt, unless the job says that it may run twice', async ({ onTestFinished }) => {
    const node = await createFakeNode();
    onTestFinished(node.remove);
    // No node has so much: the pods wait until they are bound by hand.
    const held = { image: 'busybox', command: ['sleep', '3600'], resources: { requests: { cpu: '9000' } } };
    const waits = await submit(held);
    const reruns = await submit({ ...held, retry: { onNodeLost: 'rerun' } });
    const objects = new Map<string, string>();
    for (const id of [waits, reruns]) {
      const job = await until(
        id,
        'is unschedulable',
        60,
        ({ waitingFor }) => waitingFor?.reason === 'unschedulable',
      );
      const object = job.attempts[0]?.object?.name ?? '';
      objects.set(id, object);
      await node.take(installation.namespace.name, object);
    }
    for (const id of [waits, reruns]) await until(id, 'runs', 30, ({ state }) => state === 'running');
    await node.die();
    const lost = await until(reruns, 'runs again', 150, ({ attempt }) => attempt === 2);
    expect(lost.attempts[0]).toMatchObject({
      state: 'lost',
      node: node.name,
      failure: { reason: 'node_lost', category: 'infrastructure', evidence: { node: node.name } },
    });
    expect(lost.retriesUsed).toMatchObject({ infrastructure: 1, user: 0 });
    expect(lost.attempts[0]?.failure?.message).toContain('its program may still run there');
    const heldStill = await until(
      waits,
      'says so',
      30,
      ({ waitingFor }) => waitingFor?.reason === 'node_lost',
    );
    expect(heldStill).toMatchObject({
      attempt: 1,
      waitingFor: { message: expect.stringContaining(node.name) as string },
    });
    await node.writeOff();
    const over = await until(waits, 'goes on', 90, ({ attempt }) => attempt === 2);
    expect(over.attempts[0]).toMatchObject({ failure: { category: 'infrastructure' } });
    for (const id of [waits, reruns]) {
      await installation.client.cancelJob(id);
      await until(id, 'is cancelled', 60, ({ state }) => state === 'cancelled');
    }
  });
});

describe.concurrent('a pod that cannot be read', () => {
  it('is set aside and told of, and holds its attempt until it can be', async ({ onTestFinished }) => {
    const node = await createFakeNode();
    onTestFinished(node.remove);
    const id = await submit({
      image: 'busybox',
      command: ['sleep', '3600'],
      resources: { requests: { cpu: '9000' } },
    });
    const { attempts } = await until(
      id,
      'is unschedulable',
      60,
      ({ waitingFor }) => waitingFor?.reason === 'unschedulable',
    );
    const pod = await node.take(installation.namespace.name, attempts[0]?.object?.name ?? '');
    await until(id, 'runs', 30, ({ state }) => state === 'running');
    await node.report(installation.namespace.name, pod, 'Odd');
    const words = 'status.phase "Odd" is not known';
    const doctor = async (): Promise<string> =>
      (await run(['doctor'], installation.cli)).stdout.replaceAll(/\s+/g, ' ');
    await eventually('doctor tells', 60, async () => (await doctor()).includes(words));
    expect(await describeJob(id)).toContain('sets it aside');
    expect((await run(['get', 'executors'], installation.cli)).stdout).toMatch(/SET ASIDE[^]*live[^]* 1 /);
    await node.report(installation.namespace.name, pod, 'Running');
    await eventually('it is told no more', 60, async () => !(await doctor()).includes(words));
    expect(await jobOf(id)).toMatchObject({ state: 'running', attempt: 1 });
    await installation.client.cancelJob(id);
    await kubectl(['delete', 'pod', pod, '-n', installation.namespace.name, '--force', '--grace-period=0']);
    await until(id, 'is cancelled', 60, ({ state }) => state === 'cancelled');
  });
});

describe.concurrent('an orphan', () => {
  it('whose attempt is long closed is stopped and removed by uid', async () => {
    const { namespace, environment } = installation;
    const id = await submit({ image: 'busybox', command: ['sleep', '3600'] });
    const running = await until(id, 'runs', 60, ({ state }) => state === 'running');
    const name = running.attempts[0]?.object?.name ?? '';
    const job = JSON.parse(await kubectl(['get', 'job', name, '-n', namespace.name, '-o', 'json'])) as {
      metadata: { labels: object; annotations?: object };
      spec: { selector?: object; template: { metadata: { labels: Record<string, string> } } };
    };
    await installation.client.cancelJob(id);
    await until(id, 'is cancelled', 60, ({ state }) => state === 'cancelled');
    await eventually('its Job is gone', 60, async () =>
      (await listAttemptJobs(namespace.name)).every(({ metadata }) => metadata.name !== name),
    );
    // Its tombstone's ten minutes are over, and only then its create arrives.
    await onServer(
      environment['DATABASE_URL'] ?? '',
      `update finished_jobs set finished_at = finished_at - interval '11 minutes' where id = '${id}'`,
    );
    const { selector: _, ...spec } = job.spec;
    const labels = Object.fromEntries(
      Object.entries(spec.template.metadata.labels).filter(
        ([key]) => key.startsWith('job-orch') || key.startsWith('app'),
      ),
    );
    const late = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name, namespace: namespace.name, labels },
      spec: { ...spec, template: { ...spec.template, metadata: { ...spec.template.metadata, labels } } },
    };
    await kubectl(['create', '-f', '-'], JSON.stringify(late));
    await eventually('the janitor removes it', 120, async () =>
      (await listAttemptJobs(namespace.name)).every(({ metadata }) => metadata.name !== name),
    );
    expect(await jobOf(id)).toMatchObject({ state: 'cancelled', attempt: 1 });
  });
});
