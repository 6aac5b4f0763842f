import { createHash } from 'node:crypto';
import {
  failure,
  type AttemptId,
  type ExitReport,
  type JobId,
  type JobOutput,
  type OutputFile,
  type OutputResult,
  type OutputReport,
} from '@job-orchestrator/types';
import { describe, expect, test } from 'vitest';
import { brokenPromises } from './testing/trial/check-promises.ts';
import { eachTrial } from './testing/trial/each-trial.ts';
import type { Trial } from './testing/trial/trial.ts';

let trial: Trial;
eachTrial((made) => (trial = made));

const forever = [{ kind: 'waitForStop' }] as const;
const outputOf = (value: JobOutput['value']): JobOutput => {
  const text = JSON.stringify(value);
  return { value, bytes: text.length, digest: createHash('sha256').update(text).digest('hex') };
};
const exitOf = (output: OutputReport): ExitReport => {
  const now = trial.clock.now();
  const times = { startedAt: now, finishedAt: now };
  return { exitCode: 0, failure: null, node: null, imageDigest: null, instance: 'pod-1', ...times, output };
};
/** A running attempt of a job that declares an output. */
const running = async (): Promise<{ id: JobId; attempt: AttemptId }> => {
  const id = await trial.submit(forever, { output: true });
  trial.launchExecutor();
  await trial.until('it to run', async () => (await trial.job(id)).state === 'running');
  const [object] = trial.world.objects.values();
  return { id, attempt: object!.launch.attemptId };
};
const show = (attempt: AttemptId, output: OutputReport): void =>
  trial.world.show(attempt, { kind: 'ended', exit: exitOf(output) });
const resultOf = ({ value, bytes, digest }: JobOutput): OutputResult => ({
  text: JSON.stringify(value),
  bytes,
  digest,
});
const ready = (output: JobOutput, files: readonly OutputFile[] = []): OutputReport => ({
  kind: 'ready',
  result: resultOf(output),
  files,
});
const fileOf = (name: string, text: string): OutputFile => ({
  name,
  content: new Uint8Array(Buffer.from(text)),
  digest: createHash('sha256').update(text).digest('hex'),
});
const deliver = (
  jobId: JobId,
  attempt: AttemptId,
  output: JobOutput,
  instance = 'pod-1',
  files: readonly OutputFile[] = [],
) => {
  const { launch } = trial.world.of(attempt);
  const parcel = { instance, digest: output.digest, result: resultOf(output), files };
  return trial.database.outputs.accept({ jobId, attemptNumber: launch.attemptNumber, ...parcel });
};
const outputNames = async (id: JobId) =>
  (await trial.database.history.listOutputs(id)).map(({ name }) => name);
/** Delivers until it is accepted: from when the executor has seen which instance runs. */
const acceptedWhileRunning = (
  id: JobId,
  attempt: AttemptId,
  files: readonly OutputFile[] = [],
): Promise<void> => {
  const startedAt = trial.clock.now();
  trial.world.show(attempt, { kind: 'running', startedAt, node: null, instance: 'pod-1' });
  return trial.until(
    'it to be accepted',
    async () => (await deliver(id, attempt, outputOf(1), 'pod-1', files)) === 'accepted',
  );
};
const finalizing = (id: JobId): Promise<void> =>
  trial.until('it to be finalizing', async () => (await trial.job(id)).attemptState === 'finalizing');

describe('the output of a program that has ended', () => {
  test('is taken from the database, to which it was delivered, and the runtime is not asked', async () => {
    const { id, attempt } = await running();
    show(attempt, { kind: 'pending' });
    await finalizing(id);
    expect((await trial.job(id)).state).toBe('running');
    expect(await deliver(id, attempt, outputOf({ words: 3 }), 'pod-2')).toBe('foreign');
    expect(await deliver(id, attempt, outputOf({ words: 3 }))).toBe('accepted');
    const late = { attemptNumber: 1, instance: 'pod-1', digest: 'd', result: null, files: [] };
    show(attempt, { kind: 'left' });
    const [job] = await trial.untilEnded([id]);
    expect(job).toMatchObject({ state: 'completed', attempt: 1, output: outputOf({ words: 3 }) });
    expect(await trial.database.outputs.accept({ ...late, jobId: id })).toBe('closed');
    expect(await brokenPromises(trial, [id])).toEqual([]);
  });

  test('may be delivered as soon as its instance was seen running', async () => {
    const { id, attempt } = await running();
    await acceptedWhileRunning(id, attempt);
  });

  test('is collected from the runtime where nothing was delivered', async () => {
    const { id, attempt } = await running();
    trial.world.of(attempt).left = ready(outputOf([1, 2]));
    show(attempt, { kind: 'left' });
    const [job] = await trial.untilEnded([id]);
    expect(job).toMatchObject({ state: 'completed', attempt: 1, output: outputOf([1, 2]) });
  });

  test('is whole before its job is completed: files delivered stay, those from the runtime are kept first', async () => {
    const delivered = await running();
    await acceptedWhileRunning(delivered.id, delivered.attempt, [fileOf('a.csv', '1')]);
    show(delivered.attempt, { kind: 'left' });
    await trial.untilEnded([delivered.id]);
    expect(await outputNames(delivered.id)).toEqual(['a.csv', 'result.json']);
  });

  test('and its files are collected from the runtime, though the database fails between files and end', async () => {
    const { id, attempt } = await running();
    trial.world.of(attempt).left = ready(outputOf(1), [fileOf('a.csv', '1'), fileOf('b.bin', '')]);
    show(attempt, { kind: 'left' });
    const [job] = await trial.untilEnded([id]);
    expect(job).toMatchObject({ state: 'completed', attempt: 1, output: outputOf(1) });
    expect(await outputNames(id)).toEqual(['a.csv', 'b.bin', 'result.json']);
  });

  test('is collected again, not run again, while the runtime cannot be asked', async () => {
    const { id, attempt } = await running();
    trial.world.of(attempt).left = ready(outputOf('late'));
    trial.world.faults.add({ method: 'collectOutput', fault: { kind: 'unreachable' }, times: 5 });
    show(attempt, { kind: 'left' });
    const [job] = await trial.untilEnded([id]);
    expect(job).toMatchObject({ state: 'completed', attempt: 1, output: outputOf('late') });
  });

  test('is found where it was delivered though its collector never tells, gone with its node', async () => {
    const { id, attempt } = await running();
    show(attempt, { kind: 'pending' });
    await finalizing(id);
    await deliver(id, attempt, outputOf(true));
    const [job] = await trial.untilEnded([id]);
    expect(job).toMatchObject({ state: 'completed', attempt: 1, output: outputOf(true) });
  });

  test('outlives its executor: delivered while nobody watched, it is found by the next one', async () => {
    const id = await trial.submit(forever, { output: true });
    const first = trial.launchExecutor();
    await trial.until('it to run', async () => (await trial.job(id)).state === 'running');
    const { attemptId: attempt } = [...trial.world.objects.values()][0]!.launch;
    show(attempt, { kind: 'pending' });
    await finalizing(id);
    first.mortal.die();
    expect(await deliver(id, attempt, outputOf({ late: true }))).toBe('accepted');
    show(attempt, { kind: 'left' });
    trial.launchExecutor({ sole: true });
    const [job] = await trial.untilEnded([id]);
    expect(job).toMatchObject({ state: 'completed', attempt: 1, output: outputOf({ late: true }) });
    expect([...trial.world.created.values()]).toEqual([1]);
  });

  test('that nobody has costs a try of its own budget, two at most', async () => {
    const { id } = await running();
    for (const number of [1, 2, 3]) {
      await trial.until(`attempt ${number}`, async () => {
        const job = await trial.job(id);
        return job.attempt === number && job.state === 'running';
      });
      const [object] = trial.world.objects.values();
      show(object!.launch.attemptId, { kind: 'left' });
    }
    const [job] = await trial.untilEnded([id]);
    expect(job).toMatchObject({
      state: 'failed',
      attempt: 3,
      retriesUsed: { output: 2, user: 0, infrastructure: 0 },
      failure: { category: 'output', reason: 'output_lost' },
    });
  });

  test('of a program that failed is nobody’s business, delivered or not', async () => {
    const { id, attempt } = await running();
    await acceptedWhileRunning(id, attempt);
    trial.world.show(attempt, {
      kind: 'ended',
      exit: {
        ...exitOf({ kind: 'left' }),
        exitCode: 3,
        failure: failure('exit_code', 'it ended with 3'),
      },
    });
    const [job] = await trial.untilEnded([id]);
    expect(job).toMatchObject({ state: 'failed', exitCode: 3, output: null });
  });
});
