import { afterAll, beforeAll, expect, it } from 'vitest';
import { limits } from '@job-orchestrator/types';
import { eventually } from '../harness/eventually.ts';
import {
  createKubernetesInstallation,
  podImage,
  type KubernetesInstallation,
} from '../harness/kubernetes-installation.ts';

let installation: KubernetesInstallation;

beforeAll(async () => {
  installation = await createKubernetesInstallation();
  installation.start(['serve']);
  await installation.ready();
  await installation.client.putImage({ name: 'busybox', reference: podImage });
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

it('inputs of exactly the limit reach the program whole, in a file', async () => {
  const { jobs } = await submit(limits.inputsBytes);
  const job = await eventually('the end of the job', 60, async () => {
    const found = await installation.client.getJob(jobs[0]!.id);
    return found.finishedAt === null ? null : found;
  });
  expect(job).toMatchObject({ state: 'completed', exitCode: 0 });
});

it('one byte more is refused at the submission, with field and limit', async () => {
  await expect(submit(limits.inputsBytes + 1)).rejects.toMatchObject({
    problems: [{ field: 'inputs', limit: limits.inputsBytes }],
  });
});
