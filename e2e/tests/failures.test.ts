import { afterAll, beforeAll, expect, it } from 'vitest';
import { run, type CommandResult } from '../harness/binary.ts';
import { eventually } from '../harness/eventually.ts';
import { type KubernetesInstallation, serveOnKubernetes } from '../harness/kubernetes-installation.ts';

let installation: KubernetesInstallation;
const cli = (...args: string[]): Promise<CommandResult> => run(args, installation.cli);

beforeAll(async () => {
  installation = await serveOnKubernetes();
  await installation.client.putImage({ name: 'absent', reference: 'localhost:1/absent:1' });
});
afterAll(() => installation.close());

const shell = (script: string) => ({ image: 'busybox', command: ['sh', '-c', script] });
type Submission = Parameters<KubernetesInstallation['client']['submitJobs']>[0];
const submit = async (job: Submission): Promise<string> =>
  (await installation.client.submitJobs(job)).jobs[0]?.id ?? '';
const untilState = (id: string, state: string): Promise<unknown> =>
  eventually(`${id} is ${state}`, 90, async () => (await installation.client.getJob(id)).state === state);
const untilItWaits = (id: string, words: string): Promise<unknown> =>
  eventually(`it waits: ${words}`, 60, async () =>
    (await cli('describe', 'job', id)).stdout.replaceAll(/\s+/g, ' ').includes(words),
  );

it('gives a job more memory after it ran out of it, and shows what each attempt had', async () => {
  const id = await submit({
    ...shell('x=aaaaaaaaaaaaaaaa; i=0; while [ $i -lt 20 ]; do x=$x$x; i=$((i+1)); done; echo ${#x}'),
    resources: { limits: { memory: '16Mi' } },
    retry: { maxRetries: 2, memory: { factor: 10, cap: '512Mi' } },
  });
  await untilState(id, 'completed');
  const { attempts, retriesUsed } = await installation.client.getJob(id);
  expect(attempts.map(({ failure, resources }) => [failure?.reason, resources?.limits?.['memory']])).toEqual([
    ['oom_killed', '16Mi'],
    [undefined, '160Mi'],
  ]);
  expect(retriesUsed).toMatchObject({ user: 1, outOfMemory: 1 });
  expect((await cli('describe', 'job', id)).stdout).toContain('160Mi');
});

it('retries the exit codes that the job names, and no others', async () => {
  const retry = { maxRetries: 2, on: { exitCodes: [75] }, backoff: { baseSeconds: 1, capSeconds: 1 } };
  const [named, other] = [
    await submit({ ...shell('[ "$JOB_ORCHESTRATOR_ATTEMPT" = 2 ] || exit 75'), retry }),
    await submit({ ...shell('exit 3'), retry }),
  ];
  await untilState(named, 'completed');
  await untilState(other, 'failed');
  expect(await installation.client.getJob(named)).toMatchObject({ attempt: 2 });
  expect(await installation.client.getJob(other)).toMatchObject({
    attempt: 1,
    failure: { reason: 'exit_code' },
  });
});

it('says in plain words why it waits, and waiting costs no retry', async () => {
  const large = await submit({ ...shell('true'), resources: { requests: { cpu: '1000' } } });
  const absent = await submit({ image: 'absent', command: ['true'] });
  await untilItWaits(large, 'of 1 node, 1 has too little free cpu');
  await untilItWaits(absent, 'connection refused');
  for (const id of [large, absent]) {
    const job = await installation.client.getJob(id);
    expect(job).toMatchObject({ state: 'claimed', attempt: 1, retriesUsed: { user: 0, infrastructure: 0 } });
    await installation.client.cancelJob(id);
    await untilState(id, 'cancelled');
  }
});

it('keeps what failed for good as a dead letter until somebody redrives it', async () => {
  const id = await submit({ ...shell('exit 9'), topic: 'doomed' });
  await untilState(id, 'failed');
  expect((await cli('get', 'dead-letters', '-t', 'doomed')).stdout).toContain('exit_code (user_error)');
  const { code, stdout } = await cli('redrive', '-t', 'doomed', '--reason', 'another try');
  expect(code).toBe(0);
  await untilState(stdout.trim(), 'failed');
  expect(await installation.client.getJob(stdout.trim())).toMatchObject({ retryOf: id, exitCode: 9 });
});
