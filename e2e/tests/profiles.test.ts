import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobDetail, JobSubmission } from '@job-orchestrator/types';
import { eventually } from '../harness/eventually.ts';
import { kubectl, type PodLedger } from '../harness/kubectl.ts';
import {
  createKubernetesInstallation,
  podComplaints,
  podImage,
  type KubernetesInstallation,
} from '../harness/kubernetes-installation.ts';
import { storyOf } from '../harness/story.ts';

let installation: KubernetesInstallation;
let namespace = '';
const value = randomUUID();

const make = (document: object): Promise<string> => kubectl(['create', '-f', '-'], JSON.stringify(document));

beforeAll(async () => {
  installation = await createKubernetesInstallation();
  namespace = installation.namespace.name;
  const metadata = (name: string) => ({ name, namespace });
  await make({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata('trainer') });
  await make({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadata('reports'),
    stringData: { token: value },
  });
  const priority = {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: namespace },
  };
  await make({ ...priority, value: 1_000, preemptionPolicy: 'Never' });
  installation.start(['serve']);
  await installation.ready();
  const { client } = installation;
  await client.putImage({ name: 'busybox', reference: podImage, pullSecrets: ['of-image'] });
  await client.putProfile({
    name: 'trained',
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [{ key: 'spot', operator: 'Equal', value: 'true', effect: 'NoSchedule' }],
    priorityClassName: namespace,
    serviceAccountName: 'trainer',
    pullSecrets: ['of-profile'],
  });
  await client.putProfile({ name: 'nowhere', nodeSelector: { 'example.test/no-such': 'node' } });
});
afterAll(async () => {
  await installation.close();
  await kubectl(['delete', 'priorityclass', namespace, '--wait=false']);
});

const submit = async (script: string, job: Partial<JobSubmission> = {}): Promise<string> => {
  const command = ['sh', '-c', script];
  const { jobs } = await installation.client.submitJobs({ image: 'busybox', command, ...job });
  return jobs[0]!.id;
};
const until = (id: string, what: string, holds: (job: JobDetail) => boolean): Promise<JobDetail> =>
  eventually(what, 90, async () => {
    const job = await installation.client.getJob(id);
    return holds(job) ? job : null;
  });
const ended = (id: string): Promise<JobDetail> =>
  until(id, 'the end', ({ finishedAt }) => finishedAt !== null);
const logOf = async (id: string): Promise<string> => (await installation.client.readLog(id)).text;

interface Pod {
  readonly spec: Readonly<Record<string, unknown>> & {
    readonly volumes: readonly { readonly name: string }[];
  };
}
const podOf = async (id: string): Promise<Pod> => {
  const selector = `job-orchestrator.io/job-id=${id}`;
  const list = await kubectl(['get', 'pods', '-n', namespace, '-l', selector, '-o', 'json']);
  return (JSON.parse(list) as { items: Pod[] }).items[0]!;
};

it('what a profile says stands on the real pod, under Pod Security restricted, without a token', async () => {
  const id = await submit('sleep 600', { profile: 'trained' });
  await until(id, 'the program', ({ state }) => state === 'running');
  const { spec } = await podOf(id);
  expect(spec).toMatchObject({
    priorityClassName: namespace,
    priority: 1_000,
    serviceAccountName: 'trainer',
    automountServiceAccountToken: false,
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    imagePullSecrets: [{ name: 'of-image' }, { name: 'of-profile' }],
  });
  expect(spec['tolerations']).toContainEqual({
    key: 'spot',
    operator: 'Equal',
    value: 'true',
    effect: 'NoSchedule',
  });
  expect(spec.volumes.map(({ name }) => name)).toEqual(['tmp', 'output']);
  await installation.client.cancelJob(id);
  expect((await ended(id)).state).toBe('cancelled');
});

it('a device that no node has is waited for, and told by its name', async () => {
  const id = await submit('true', { resources: { limits: { 'nvidia.com/gpu': '1' } } });
  const { waitingFor } = await until(id, 'its wait', (job) => job.waitingFor?.reason === 'unschedulable');
  expect(waitingFor?.message).toBe('No node can take it: of 1 node, 1 has too little free nvidia.com/gpu.');
  await installation.client.cancelJob(id);
  expect((await ended(id)).state).toBe('cancelled');
});

describe('a secret', () => {
  it('reaches the program, and nothing of ours', async () => {
    await installation.client.bindSecret({ name: 'reports-api', secret: 'reports', key: 'token' });
    const id = await submit('printf %s "$API_TOKEN" | sha256sum', {
      secretEnv: { API_TOKEN: 'reports-api' },
    });
    const job = await ended(id);
    expect(job).toMatchObject({ state: 'completed', exitCode: 0 });
    expect(await logOf(id)).toContain(createHash('sha256').update(value).digest('hex'));
    const { items } = await installation.client.listEvents(id);
    expect(JSON.stringify([job, items])).not.toContain(value);
    const asExecutor = `--as=system:serviceaccount:${namespace}:job-orchestrator`;
    await expect(
      kubectl(['auth', 'can-i', 'get', 'secrets', '-n', namespace, asExecutor]),
    ).rejects.toMatchObject({
      stdout: 'no\n',
    });
  });

  it('that is not in the namespace is named in what the job waits for', async () => {
    await installation.client.bindSecret({ name: 'no-key', secret: 'reports', key: 'absent' });
    const id = await submit('true', { secretEnv: { API_TOKEN: 'no-key' } });
    const { waitingFor } = await until(
      id,
      'its wait',
      (job) => job.waitingFor?.reason === 'configuration_problem',
    );
    expect(waitingFor?.message).toContain('absent');
    expect(waitingFor?.message).not.toContain(value);
    await installation.client.cancelJob(id);
    expect((await ended(id)).state).toBe('cancelled');
  });
});

describe('/dev/shm', () => {
  it('has its size, and can be filled', async () => {
    const resources = { limits: { memory: '256Mi' }, sharedMemory: '96Mi' };
    const id = await submit('df -m /dev/shm | tail -1 && dd if=/dev/zero of=/dev/shm/x bs=1M count=90', {
      resources,
    });
    expect(await ended(id)).toMatchObject({ state: 'completed' });
    expect(await logOf(id)).toMatch(/ 96 /);
  });

  it('counts against the memory limit', async () => {
    const resources = { limits: { memory: '48Mi' }, sharedMemory: '48Mi' };
    const id = await submit('exec dd if=/dev/zero of=/dev/shm/x bs=1M count=48', { resources });
    expect(await ended(id)).toMatchObject({ state: 'failed', failure: { reason: 'oom_killed' } });
  });
});

/**
 * What Kueue does to a Job, by hand: it sets `spec.suspend` and takes it back. Kueue itself is not installed here, so its
 * webhook, which suspends a Job at its creation, is missing; a profile without nodes keeps the first pod from starting.
 */
describe('a Job that a queue manager suspends', () => {
  const none = { maxRetries: 0, infrastructureRetries: 0 };
  const suspend = (id: string, suspended: boolean): Promise<unknown> => {
    const selector = `job-orchestrator.io/job-id=${id},kueue.x-k8s.io/queue-name=team-a`;
    const patch = JSON.stringify({ spec: { suspend: suspended } });
    return eventually('the Job to be patched', 30, async () => {
      const name = await kubectl(['get', 'jobs', '-n', namespace, '-l', selector, '-o', 'name']);
      if (name.trim() === '') return null;
      return kubectl(['patch', name.trim(), '-n', namespace, '--type=merge', '-p', patch]);
    });
  };
  const podsOf = ({ attempts }: JobDetail): PodLedger => {
    const names = new Set(attempts.map(({ object }) => object?.name));
    const pods = [...installation.pods.pods].filter(([, { job }]) => names.has(job));
    return { pods: new Map(pods), stop: () => undefined };
  };
  const markerSuspended = (): Promise<string> =>
    kubectl(['get', 'job', 'job-orchestrator-identity', '-n', namespace, '-o', 'jsonpath={.spec.suspend}']);

  it('waits for quota with its time to start standing still, and has it whole once it is resumed', async () => {
    const deadlines = { startSeconds: 15 };
    const id = await submit('true', { profile: 'nowhere', localQueue: 'team-a', retry: none, deadlines });
    await suspend(id, true);
    const held = await until(id, 'its wait', (job) => job.waitingFor?.reason === 'quota');
    expect(held.waitingFor?.message).toBe('The Job waits for quota in the queue team-a of Kueue.');
    const claimedAt = Date.parse(held.attempts[0]!.claimedAt);
    await eventually('more time than it has to start', 40, () =>
      Promise.resolve(Date.now() > claimedAt + 22_000),
    );
    expect(await installation.client.getJob(id)).toMatchObject({ state: 'claimed', attempt: 1 });
    const resumedAt = Date.now();
    await suspend(id, false);
    const job = await ended(id);
    expect(job).toMatchObject({ state: 'failed', attempt: 1, failure: { reason: 'start_deadline' } });
    // Kubernetes tells the moment in whole seconds.
    expect(Date.parse(job.finishedAt!) - resumedAt).toBeGreaterThan(14_000);
  });

  it('after its program had started is tried anew, charged to nobody, and runs once per attempt', async () => {
    const script = '[ "$JOB_ORCHESTRATOR_ATTEMPT" -gt 1 ] || exec sleep 600';
    const id = await submit(script, { localQueue: 'team-a', retry: none });
    await until(id, 'the program', ({ state }) => state === 'running');
    await suspend(id, true);
    const job = await ended(id);
    expect(job).toMatchObject({
      state: 'completed',
      attempt: 2,
      retriesUsed: { user: 0, infrastructure: 0, output: 0, unknown: 0 },
      attempts: [{ failure: { reason: 'suspended_again', category: 'capacity' } }, { state: 'succeeded' }],
    });
    expect(podComplaints(podsOf(job), [await storyOf(installation.client, id)])).toEqual([]);
  });

  it('is cancelled while it is suspended; the Job that names the namespace is none of them', async () => {
    const id = await submit('true', { profile: 'nowhere', localQueue: 'team-a' });
    await suspend(id, true);
    await until(id, 'its wait', (job) => job.waitingFor?.reason === 'quota');
    await installation.client.cancelJob(id);
    expect(await ended(id)).toMatchObject({ state: 'cancelled', attempt: 1 });
    expect(await markerSuspended()).toBe('true');
  });
});
