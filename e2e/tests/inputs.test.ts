import { afterAll, beforeAll, expect, it } from 'vitest';
import { limits, type JobDetail, type SubmitAnswer } from '@job-orchestrator/types';
import { eventually } from '../harness/eventually.ts';
import { type KubernetesInstallation, serveOnKubernetes } from '../harness/kubernetes-installation.ts';

let installation: KubernetesInstallation;

beforeAll(async () => {
  installation = await serveOnKubernetes();
});
afterAll(() => installation.close());

/** Inputs whose JSON has so many bytes: `{"a":"…"}` takes 8 of them. */
const inputsOf = (bytes: number) => ({ a: 'x'.repeat(bytes - 8) });
const submit = (bytes: number) =>
  installation.client.submitJobs({
    image: 'busybox',
    command: ['sh', '-c', `[ "$(wc -c < "$JOB_ORCHESTRATOR_INPUT")" -eq ${bytes} ]`],
    inputs: inputsOf(bytes),
  });

const ended = async ({ jobs }: SubmitAnswer): Promise<JobDetail> =>
  eventually('the end of the job', 60, async () => {
    const found = await installation.client.getJob(jobs[0]!.id);
    return found.finishedAt === null ? null : found;
  });

it('inputs of exactly the limit reach the program whole, in a file', async () => {
  const job = await ended(await submit(limits.inputsBytes));
  expect(job).toMatchObject({ state: 'completed', exitCode: 0 });
});

it('variables and words at their limits reach the program whole', async () => {
  const [a, b] = [limits.envEntryBytes - 1, limits.envTotalBytes - limits.envEntryBytes - 2 - 3];
  // A spec has 256 KiB in all: what the variables leave, and a little for its other fields.
  const word = limits.specBytes - limits.envTotalBytes - 1_000;
  const submitWith = (more: number) =>
    installation.client.submitJobs({
      image: 'busybox',
      command: ['sh', '-c', `[ "\${#A} \${#B} \${#0}" = "${a} ${b} ${word}" ]`, '$(A)$'.padEnd(word, 'w')],
      env: { A: 'a'.repeat(a + more), B: '$(A)'.padEnd(b, 'b') },
    });
  expect(await ended(await submitWith(0))).toMatchObject({ state: 'completed', exitCode: 0 });
  await expect(submitWith(1)).rejects.toMatchObject({
    problems: expect.arrayContaining([
      expect.objectContaining({ field: 'env.A', limit: limits.envEntryBytes, value: String(a + 2) }),
    ]),
  });
});

it('one byte more is refused at the submission, with field and limit', async () => {
  await expect(submit(limits.inputsBytes + 1)).rejects.toMatchObject({
    problems: [{ field: 'inputs', limit: limits.inputsBytes }],
  });
});
