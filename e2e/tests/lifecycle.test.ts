import { emptyDatabaseUrl } from '@job-orchestrator/postgres/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run, type CommandResult } from '../harness/binary.ts';
import { untilCount } from '../harness/crash.ts';
import { eventually } from '../harness/eventually.ts';
import { kubectl, listAttemptJobs, listPods } from '../harness/kubectl.ts';
import {
  createKubernetesInstallation,
  podImage,
  type KubernetesInstallation,
} from '../harness/kubernetes-installation.ts';

let installation: KubernetesInstallation;
const cli = (...args: string[]): Promise<CommandResult> => run(args, installation.cli);

beforeAll(async () => {
  installation = await createKubernetesInstallation({ DATABASE_URL: await emptyDatabaseUrl() });
});
afterAll(() => installation.close());

it('refuses to serve an empty database, and says what to do', async () => {
  const { code, stderr } = await run(['serve'], installation.environment);
  expect(code).toBe(1);
  expect(stderr).toContain('job-orchestrator migrate');
});

it('migrates the database once, and then has nothing to do', async () => {
  const first = await run(['migrate'], installation.environment);
  expect(first).toMatchObject({ code: 0 });
  expect(await run(['migrate'], installation.environment)).toMatchObject({ code: 0 });
  installation.start(['serve']);
  await installation.ready();
});

it('refuses an image that nobody registered, with the command that adds it', async () => {
  const { code, stderr } = await cli('run', 'busybox', '--', 'true');
  expect(code).toBe(125);
  expect(stderr).toContain('job-orchestrator image add');
  expect(await cli('image', 'add', 'busybox', podImage)).toMatchObject({ code: 0 });
});

it('runs a command in a pod, shows its log, and ends with its exit code', async () => {
  const { code, stdout } = await cli('run', 'busybox', '--', 'sh', '-c', 'id -u; echo hello; exit 7');
  expect(stdout).toBe('65532\nhello\n');
  expect(code).toBe(7);
});

it('tells the story of the failed job, and keeps its log after the pod is gone', async () => {
  const described = await cli('describe', 'job', '@latest');
  expect(described.stdout).toMatch(/exit code 7/i);
  await eventually('the Kubernetes Job is deleted', 30, async () => {
    const jobs = await listAttemptJobs(installation.namespace.name);
    return jobs.length === 0;
  });
  expect((await cli('logs', '@latest')).stdout).toBe('65532\nhello\n');
  const { stdout } = await cli('get', 'jobs', '-o', 'json');
  expect(JSON.parse(stdout)).toMatchObject([{ state: 'failed', exitCode: 7, attempt: 1 }]);
});

it('retries an ended job as a new one', async () => {
  const before = await installation.client.getJob('@latest');
  expect(await cli('retry', '@latest')).toMatchObject({ code: 0 });
  const after = await installation.client.getJob('@latest');
  expect(after.id).not.toBe(before.id);
  expect(after.retryOf).toBe(before.id);
  await untilCount(installation.client, 'failed', 2, 60);
});

it('tries a failing program again on its own budget, each attempt in a new pod', async () => {
  const script = '[ "$JOB_ORCHESTRATOR_ATTEMPT" = 2 ] || exit 1';
  expect(await cli('run', 'busybox', '--max-retries', '1', '--', 'sh', '-c', script)).toMatchObject({
    code: 0,
  });
  const { attempts, state } = await installation.client.getJob('@latest');
  expect(state).toBe('completed');
  expect(attempts.map(({ number, state: end, exitCode }) => [number, end, exitCode])).toEqual([
    [1, 'failed', 1],
    [2, 'succeeded', 0],
  ]);
  expect(new Set(attempts.map(({ object }) => object?.uid)).size).toBe(2);
});

it('a cancelled job leaves no pod', async () => {
  const { stdout } = await cli('run', '--detach', 'busybox', '--', 'sleep', '3600');
  await untilCount(installation.client, 'running', 1, 60);
  expect(await cli('cancel', stdout.trim())).toMatchObject({ code: 0 });
  await untilCount(installation.client, 'cancelled', 1, 60);
  await eventually('its pod is gone', 30, async () => {
    const pods = await listPods(installation.namespace.name);
    return pods.length === 0;
  });
});

it('says why a pod cannot be scheduled while the job waits', async () => {
  const { jobs } = await installation.client.submitJobs({
    image: 'busybox',
    command: ['true'],
    resources: { requests: { memory: '900Gi' } },
  });
  const id = jobs[0]!.id;
  const waiting = await eventually('the job says that it is unschedulable', 60, async () => {
    const { waitingFor } = await installation.client.getJob(id);
    return waitingFor?.reason === 'unschedulable' ? waitingFor : null;
  });
  expect(waiting.message).toMatch(/memory/i);
  await cli('cancel', id);
});

it('refuses a job with an output where no collector is set up, instead of losing the output', async () => {
  const { code, stderr } = await cli('run', '--output', 'busybox', '--', 'true');
  expect(code).toBe(2);
  expect(stderr).toContain('output');
});

it('ends with 125 where the command does not exist, and says as what and where it ran', async () => {
  const { code, stderr } = await cli('run', 'busybox', '--', '/no/such/program');
  expect(code).toBe(125);
  expect(stderr).toContain('The command cannot be started');
  const job = await installation.client.getJob('@latest');
  expect(job).toMatchObject({ exitCode: null, failure: { reason: 'command_not_found' } });
  const { stdout } = await cli('describe', 'job', '@latest');
  const { object, node } = job.attempts[0]!;
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
    `Ran as Job ${object?.name} in namespace ${installation.namespace.name} on ${node}`,
  );
});

it('doctor says that a namespace does not exist, also to an administrator', async () => {
  const KUBECONFIG = process.env['KUBECONFIG']!;
  const { code, stdout } = await run(['doctor'], {
    ...installation.environment,
    KUBECONFIG,
    K8S_NAMESPACE: 'no-such',
  });
  expect(code).toBe(1);
  expect(stdout).toMatch(/fault +namespace +no-such does not exist/);
});

it('needs no more rights than the manual says', async () => {
  const user = `system:serviceaccount:${installation.namespace.name}:job-orchestrator`;
  const can = async (verb: string, resource: string): Promise<string> =>
    (
      await kubectl(['auth', 'can-i', verb, resource, '-n', installation.namespace.name, '--as', user]).catch(
        (error: { stdout: string }) => error.stdout,
      )
    ).trim();
  expect(await can('create', 'jobs.batch')).toBe('yes');
  expect(
    await Promise.all([can('get', 'secrets'), can('create', 'pods'), can('create', 'pods/exec')]),
  ).toEqual(['no', 'no', 'no']);
});
