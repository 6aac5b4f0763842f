import { createHash } from 'node:crypto';
import {
  closed,
  type JsonValue,
  type LiveAttempt,
  type OutputFile,
  type OutputResult,
} from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { freshDatabase, onServer } from '../testing/fresh-database.ts';
import { claimSample, registerSample, sampleContext, sampleExit, sampleJob } from '../testing/samples.ts';
import { onBothDatabases } from './databases.ts';

const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');
const outputOf = (value: JsonValue): OutputResult => {
  const text = JSON.stringify(value);
  return { text, bytes: text.length, digest: sha256(text) };
};
const fileOf = (name: string, content: string): OutputFile => ({
  name,
  content: new Uint8Array(Buffer.from(content)),
  digest: sha256(content),
});

onBothDatabases((db) => {
  const claimOne = async (topic: string): Promise<LiveAttempt> => {
    const owner = await registerSample(db());
    await db().queue.insertJobs([sampleJob({ topic }, { output: true })], sampleContext);
    const [attempt] = await claimSample(db(), owner, topic);
    if (attempt === undefined) throw new Error('nothing was claimed');
    return attempt;
  };
  const accept = (
    { jobId, number }: Pick<LiveAttempt, 'jobId' | 'number'>,
    instance: string,
    result: OutputResult | null,
    files: readonly OutputFile[] = [],
  ) => {
    const digest = sha256(JSON.stringify([result, files]));
    return db().outputs.accept({ attemptNumber: number, jobId, instance, digest, result, files });
  };
  const finish = (attempt: LiveAttempt, result: OutputResult | null) => {
    const exit = sampleExit({ output: { kind: 'ready', result, files: [] } });
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
    expect(await db().outputs.accepted(attempt.id)).toEqual({ result: first });
  });

  test('null is an output like any other', async () => {
    const attempt = await claimOne('null');
    await db().outputs.expect(attempt.owner, attempt.id, 'pod-1');
    expect(await accept(attempt, 'pod-1', outputOf(null))).toBe('accepted');
    expect(await db().outputs.accepted(attempt.id)).toEqual({ result: outputOf(null) });
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
    const { bytes, digest } = output;
    expect((await db().history.getJob(attempt.jobId))?.output).toEqual({
      value: { words: 3 },
      bytes,
      digest,
    });
  });

  test('an attempt of another job, or of none, is closed', async () => {
    const one = await claimOne('mixed-1');
    const waiting = sampleJob({ topic: 'mixed-2' }, { output: true });
    await db().queue.insertJobs([waiting], sampleContext);
    await db().outputs.expect(one.owner, one.id, 'pod-1');
    expect(await accept({ ...one, jobId: waiting.id }, 'pod-1', outputOf(1))).toBe('closed');
    expect(await accept({ ...one, number: 2 }, 'pod-1', outputOf(1))).toBe('closed');
  });

  test('a stale end removes nothing', async () => {
    const attempt = await claimOne('stale');
    await db().outputs.expect(attempt.owner, attempt.id, 'pod-1');
    await accept(attempt, 'pod-1', outputOf(1));
    const answer = await finish({ ...attempt, owner: await registerSample(db()) }, outputOf(1));
    expect(answer.stale).toEqual([attempt.id]);
    expect(await db().outputs.accepted(attempt.id)).toEqual({ result: outputOf(1) });
  });

  test('upkeep removes what a failed attempt has left', async () => {
    const attempt = await claimOne('failed');
    await db().outputs.expect(attempt.owner, attempt.id, 'pod-1');
    await accept(attempt, 'pod-1', outputOf(1));
    await db().queue.applyWrites(attempt.owner, [closed(attempt.id, { kind: 'cancel', exit: null }, null)]);
    await db().maintain();
    expect(await db().outputs.accepted(attempt.id)).toBeNull();
  });

  const listed = async ({ jobId }: LiveAttempt) =>
    (await db().history.listOutputs(jobId)).map(({ name, bytes }) => [name, bytes]);

  test('files are kept with the result, byte by byte, and shown once the job is completed', async () => {
    const attempt = await claimOne('files');
    await db().outputs.expect(attempt.owner, attempt.id, 'pod-1');
    const text = ' {"n": 12345678901234567890} ';
    const result = { text, bytes: text.length, digest: sha256(text) };
    const files = [fileOf('data.bin', '\u0000\\"{}\n\ud83d\ude00'), fileOf('a.csv', '')];
    expect(await accept(attempt, 'pod-1', result, files)).toBe('accepted');
    expect(await accept(attempt, 'pod-1', result, files)).toBe('repeated');
    expect(await accept(attempt, 'pod-1', result, [fileOf('a.csv', 'x')])).toBe('differs');
    expect(await listed(attempt)).toEqual([]);
    expect(await db().history.getOutput(attempt.jobId, 'a.csv')).toBeNull();
    await finish(attempt, (await db().outputs.accepted(attempt.id))?.result ?? null);
    expect(await listed(attempt)).toEqual([
      ['a.csv', 0],
      ['data.bin', files[0]?.content.byteLength],
      ['result.json', text.length],
    ]);
    expect(await db().history.getOutput(attempt.jobId, 'data.bin')).toEqual(files[0]);
    const kept = await db().history.getOutput(attempt.jobId, 'result.json');
    expect(Buffer.from(kept?.content ?? []).toString()).toBe(text);
    expect(await db().history.getOutput(attempt.jobId, 'other')).toBeNull();
    await db().maintain();
    expect(await listed(attempt)).toHaveLength(3);
  });

  test('a job may leave files and no result', async () => {
    const attempt = await claimOne('no-result');
    await db().outputs.expect(attempt.owner, attempt.id, 'pod-1');
    expect(await accept(attempt, 'pod-1', null, [fileOf('a.txt', 'a')])).toBe('accepted');
    expect(await db().outputs.accepted(attempt.id)).toEqual({ result: null });
    await finish(attempt, null);
    await db().maintain();
    expect(await listed(attempt)).toEqual([['a.txt', 1]]);
    expect((await db().history.getJob(attempt.jobId))?.output).toBeNull();
  });

  test('the owner keeps files that it took itself, as often as it likes, and nobody else does', async () => {
    const attempt = await claimOne('taken');
    const files = [fileOf('a.txt', 'a'), fileOf('b.txt', 'b')];
    await db().outputs.keepFiles(await registerSample(db()), attempt.id, [fileOf('foreign.txt', '')]);
    await db().outputs.keepFiles(attempt.owner, attempt.id, files);
    await db().outputs.keepFiles(attempt.owner, attempt.id, files);
    await finish(attempt, outputOf(1));
    await db().outputs.keepFiles(attempt.owner, attempt.id, [fileOf('late.txt', '')]);
    expect((await listed(attempt)).map(([name]) => name)).toEqual(['a.txt', 'b.txt', 'result.json']);
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

test('files of an attempt that did not complete its job are never shown, and upkeep removes them', async () => {
  const { database, url, close } = await freshDatabase();
  const owner = await registerSample(database);
  await database.queue.insertJobs([sampleJob({ topic: 't' }, { output: true })], sampleContext);
  const [attempt] = await claimSample(database, owner, 't');
  const { id, jobId, number } = attempt!;
  await database.outputs.expect(owner, id, 'pod-1');
  const delivered = { result: null, files: [fileOf('a.txt', 'a')], digest: sha256('a') };
  await database.outputs.accept({ jobId, attemptNumber: number, instance: 'pod-1', ...delivered });
  await database.queue.applyWrites(owner, [closed(id, { kind: 'cancel', exit: null }, null)]);
  const count = async () => (await onServer(url, 'select name from output_files')).rows.length;
  expect([await database.history.listOutputs(jobId), await count()]).toEqual([[], 1]);
  await database.maintain();
  expect(await count()).toBe(0);
  await close();
});
