import { createHash } from 'node:crypto';
import { closed, type AttemptId, type JobOutput, type LiveAttempt } from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { claimSample, registerSample, sampleContext, sampleExit, sampleJob } from '../testing/samples.ts';
import { onBothDatabases } from './databases.ts';

const outputOf = (value: JobOutput['value']): JobOutput => {
  const text = JSON.stringify(value);
  return { value, bytes: text.length, digest: createHash('sha256').update(text).digest('hex') };
};

onBothDatabases((db) => {
  const claimOne = async (topic: string): Promise<LiveAttempt> => {
    const owner = await registerSample(db());
    await db().queue.insertJobs([sampleJob({ topic }, { output: true })], sampleContext);
    const [attempt] = await claimSample(db(), owner, topic);
    if (attempt === undefined) throw new Error('nothing was claimed');
    return attempt;
  };
  const accept = ({ id, jobId }: LiveAttempt, instance: string, output: JobOutput) =>
    db().outputs.accept({ attemptId: id, jobId, instance, output });
  const finish = (attempt: LiveAttempt, output: JobOutput) => {
    const exit = sampleExit({ output: { kind: 'ready', ...output } });
    return db().queue.applyWrites(attempt.owner, [closed(attempt.id, { kind: 'succeed', exit }, null)]);
  };

  test('an output is accepted once: the same again is a repetition, another one differs', async () => {
    const attempt = await claimOne('once');
    await db().outputs.expect(attempt.owner, attempt.id, 'pod-1');
    const [first, second] = [outputOf({ a: [1, 'ö', null] }), outputOf(2)];
    expect(await db().outputs.accepted(attempt.id)).toBeNull();
    expect(await accept(attempt, 'pod-1', first)).toBe('accepted');
    expect(await accept(attempt, 'pod-1', first)).toBe('repeated');
    expect(await accept(attempt, 'pod-1', second)).toBe('differs');
    expect(await db().outputs.accepted(attempt.id)).toEqual(first);
  });

  test('null is an output like any other', async () => {
    const attempt = await claimOne('null');
    await db().outputs.expect(attempt.owner, attempt.id, 'pod-1');
    expect(await accept(attempt, 'pod-1', outputOf(null))).toBe('accepted');
    expect(await db().outputs.accepted(attempt.id)).toEqual(outputOf(null));
  });

  test('it comes too early before the executor has seen what runs the attempt, and from nobody else', async () => {
    const attempt = await claimOne('early');
    expect(await accept(attempt, 'pod-1', outputOf(1))).toBe('too_early');
    await db().outputs.expect(attempt.owner, attempt.id, 'pod-1');
    expect(await accept(attempt, 'pod-2', outputOf(1))).toBe('foreign');
    await db().outputs.expect(attempt.owner, attempt.id, 'pod-2');
    expect(await accept(attempt, 'pod-2', outputOf(1))).toBe('accepted');
    await db().outputs.expect(attempt.owner, attempt.id, 'pod-3');
    expect(await accept(attempt, 'pod-2', outputOf(1))).toBe('repeated');
  });

  test('only the owner says where an output comes from', async () => {
    const attempt = await claimOne('owner');
    const other = await registerSample(db());
    await db().outputs.expect(other, attempt.id, 'pod-1');
    expect(await accept(attempt, 'pod-1', outputOf(1))).toBe('too_early');
    await db().executors.release(attempt.owner);
    await db().outputs.expect(attempt.owner, attempt.id, 'pod-1');
    expect(await accept(attempt, 'pod-1', outputOf(1))).toBe('too_early');
  });

  test('a closed attempt takes nothing, not even the same again, and leaves nothing on its way', async () => {
    const attempt = await claimOne('closed');
    await db().outputs.expect(attempt.owner, attempt.id, 'pod-1');
    const output = outputOf({ words: 3 });
    await accept(attempt, 'pod-1', output);
    await finish(attempt, output);
    expect(await accept(attempt, 'pod-1', output)).toBe('closed');
    expect(await db().outputs.accepted(attempt.id)).toBeNull();
    expect((await db().history.getJob(attempt.jobId))?.output).toEqual(output);
  });

  test('an attempt of another job, or of none, is closed', async () => {
    const [one, other] = [await claimOne('mixed-1'), await claimOne('mixed-2')];
    await db().outputs.expect(one.owner, one.id, 'pod-1');
    expect(await accept({ ...one, jobId: other.jobId }, 'pod-1', outputOf(1))).toBe('closed');
    const unknown = `${one.id.slice(0, -4)}ffff` as AttemptId;
    expect(await accept({ ...one, id: unknown }, 'pod-1', outputOf(1))).toBe('closed');
  });

  test('a stale end removes nothing', async () => {
    const attempt = await claimOne('stale');
    await db().outputs.expect(attempt.owner, attempt.id, 'pod-1');
    await accept(attempt, 'pod-1', outputOf(1));
    const answer = await finish({ ...attempt, owner: await registerSample(db()) }, outputOf(1));
    expect(answer.stale).toEqual([attempt.id]);
    expect(await db().outputs.accepted(attempt.id)).toEqual(outputOf(1));
  });

  test('upkeep removes what a failed attempt has left', async () => {
    const attempt = await claimOne('failed');
    await db().outputs.expect(attempt.owner, attempt.id, 'pod-1');
    await accept(attempt, 'pod-1', outputOf(1));
    await db().queue.applyWrites(attempt.owner, [closed(attempt.id, { kind: 'cancel', exit: null }, null)]);
    await db().maintain();
    expect(await db().outputs.accepted(attempt.id)).toBeNull();
  });

  test('of many at once exactly one is accepted', async () => {
    const attempt = await claimOne('race');
    await db().outputs.expect(attempt.owner, attempt.id, 'pod-1');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, number) => accept(attempt, 'pod-1', outputOf(number % 10))),
    );
    const count = (kind: string): number => answers.filter((answer) => answer === kind).length;
    expect([count('accepted'), count('repeated'), count('differs')]).toEqual([1, 1, 18]);
  });

  test('of an end and an output at the same time, what was accepted was in time', async () => {
    for (let round = 0; round < 20; round += 1) {
      const attempt = await claimOne(`end-${round}`);
      await db().outputs.expect(attempt.owner, attempt.id, 'pod-1');
      const [answer] = await Promise.all([
        accept(attempt, 'pod-1', outputOf(1)),
        finish(attempt, outputOf(1)),
      ]);
      expect(['accepted', 'closed']).toContain(answer);
      expect(await accept(attempt, 'pod-1', outputOf(1))).toBe('closed');
    }
  });
});
