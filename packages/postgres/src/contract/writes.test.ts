import {
  closed,
  failure,
  finalizing,
  launched,
  newIncarnationId,
  progressed,
  released,
  stopping,
  type IncarnationId,
  type LiveAttempt,
} from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { claimSample, registerSample, sampleContext, sampleExit, sampleJob } from '../testing/samples.ts';
import { onBothDatabases } from './databases.ts';

onBothDatabases((db) => {
  const claimOne = async (topic: string): Promise<{ owner: IncarnationId; attempt: LiveAttempt }> => {
    const owner = await registerSample(db());
    await db().queue.insertJobs([sampleJob({ topic })], sampleContext);
    const [attempt] = await claimSample(db(), owner, topic);
    if (attempt === undefined) throw new Error('nothing was claimed');
    return { owner, attempt };
  };
  const story = async ({ jobId }: LiveAttempt) =>
    (await db().history.listEvents(jobId, 0, 100)).map(({ seq, kind }) => `${seq} ${kind}`);
  const succeed = { kind: 'succeed', exit: sampleExit() } as const;
  const retry = (delayMs: number, chargedTo: 'user' | 'infrastructure' = 'user') =>
    ({
      kind: 'retry',
      failure: failure('exit_code', 'it ended with 3', { exitCode: 3 }),
      chargedTo,
      delayMs,
      lost: false,
      exit: sampleExit({ exitCode: 3 }),
    }) as const;

  test('a whole life: launched, waiting, running, finalizing, completed, with every fact kept', async () => {
    const { owner, attempt } = await claimOne('life');
    const startedAt = new Date('2026-01-02T03:04:05.678Z');
    const object = { uid: 'uid-life', name: 'jo-life' };
    await db().queue.applyWrites(owner, [launched(attempt.id, object)]);
    const waiting = { reason: 'pulling_image', message: 'pulling busybox' } as const;
    await db().queue.applyWrites(owner, [progressed(attempt.id, { kind: 'waiting', waiting })]);
    expect(await db().history.getJob(attempt.jobId)).toMatchObject({ state: 'claimed', waiting });
    await db().queue.applyWrites(owner, [
      progressed(attempt.id, { kind: 'running', startedAt, node: 'node-1' }),
      finalizing(attempt.id),
    ]);
    expect(await db().history.getJob(attempt.jobId)).toMatchObject({
      state: 'running',
      attemptState: 'finalizing',
    });
    const [live] = (await db().queue.ownAttempts(owner, { after: null, limit: 5 })).items;
    expect(live).toMatchObject({ object, startedAt, state: 'finalizing' });
    const value = { a: ['"\\', null, 1.5] };
    const result = { text: JSON.stringify(value), bytes: 20, digest: 'abc' };
    const output = { kind: 'ready', result, files: [] } as const;
    const log = {
      bytes: new Uint8Array([0, 255, 10, 92, 34]),
      totalBytes: 12_345,
      extent: 'at_least',
    } as const;
    const answer = await db().queue.applyWrites(owner, [
      closed(attempt.id, { kind: 'succeed', exit: sampleExit({ output }) }, log),
    ]);
    expect(answer).toEqual({ applied: [attempt.id], stale: [] });
    expect(await db().history.getJob(attempt.jobId)).toMatchObject({
      state: 'completed',
      attempt: 1,
      attemptState: 'succeeded',
      exitCode: 0,
      failure: null,
      startedAt,
      output: { value, bytes: 20, digest: 'abc' },
    });
    const [record] = await db().history.listAttempts(attempt.jobId);
    expect(record).toMatchObject({
      id: attempt.id,
      number: 1,
      state: 'succeeded',
      object,
      finishedAt: new Date('2026-01-02T03:04:06.789Z'),
      node: 'node-1',
      imageDigest: 'sha256:abc',
      logBytes: 12_345,
    });
    const tail = await db().history.getLogTail(attempt.jobId, attempt.id);
    expect([...(tail?.bytes ?? [])]).toEqual([0, 255, 10, 92, 34]);
    expect(tail).toMatchObject({ totalBytes: 12_345, extent: 'at_least' });
    expect(await story(attempt)).toEqual([
      '1 submitted',
      '2 claimed',
      '3 launched',
      '4 waiting',
      '5 started',
      '6 finalizing',
      '7 completed',
    ]);
  });

  test('a retry keeps the attempt, charges the budget, and is due after its delay', async () => {
    const { owner, attempt } = await claimOne('retry');
    await db().queue.applyWrites(owner, [launched(attempt.id, { uid: 'uid-retry', name: 'jo-retry' })]);
    await db().queue.applyWrites(owner, [closed(attempt.id, retry(3_600_000), null)]);
    const record = await db().history.getJob(attempt.jobId);
    expect(record).toMatchObject({
      state: 'scheduled',
      attempt: 1,
      attemptState: 'failed',
      exitCode: 3,
      failure: { reason: 'exit_code', evidence: { exitCode: 3 } },
      retriesUsed: { user: 1, infrastructure: 0 },
    });
    expect(+(record?.runAt ?? 0)).toBeGreaterThan(Date.now() + 3_500_000);
    expect(await db().history.listAttempts(attempt.jobId)).toMatchObject([
      { number: 1, state: 'failed', exitCode: 3, object: { uid: 'uid-retry' } },
    ]);
    expect((await story(attempt)).at(-1)).toBe('4 retry_scheduled');
  });

  test('attempt numbers rise and never repeat, also after a release, which charges nothing', async () => {
    const { owner, attempt } = await claimOne('numbers');
    await db().queue.applyWrites(owner, [released(attempt.id, 0, 'quota')]);
    const [second] = await claimSample(db(), owner, 'numbers');
    expect(second).toMatchObject({
      jobId: attempt.jobId,
      number: 2,
      retriesUsed: { user: 0, infrastructure: 0 },
    });
    if (second === undefined) throw new Error('the released job was not claimed');
    await db().queue.applyWrites(owner, [closed(second.id, retry(0, 'infrastructure'), null)]);
    const [third] = await claimSample(db(), owner, 'numbers');
    expect(third).toMatchObject({ number: 3, retriesUsed: { infrastructure: 1 } });
    if (third === undefined) throw new Error('the retried job was not claimed');
    const why = failure('oom_killed', 'too much');
    await db().queue.applyWrites(owner, [
      closed(third.id, { kind: 'fail', failure: why, lost: true, exit: null }, null),
    ]);
    const attempts = await db().history.listAttempts(attempt.jobId);
    expect(attempts.map(({ number, state }) => [number, state])).toEqual([
      [1, 'cancelled'],
      [2, 'failed'],
      [3, 'lost'],
    ]);
    expect(await db().history.getJob(attempt.jobId)).toMatchObject({ state: 'failed', failure: why });
    const fates = await db().queue.attemptFates([attempt.id, second.id, third.id]);
    expect(fates.map(({ kind }) => kind)).toEqual(['closed', 'closed', 'closed']);
  });

  test('a stale incarnation changes nothing, and does not stop the others of the batch', async () => {
    const { owner, attempt } = await claimOne('stale');
    const other = await claimOne('stale-other');
    const done = closed(attempt.id, succeed, null);
    expect(
      await db().queue.applyWrites(other.owner, [done, closed(other.attempt.id, succeed, null)]),
    ).toEqual({
      applied: [other.attempt.id],
      stale: [attempt.id],
    });
    expect(await db().history.getJob(attempt.jobId)).toMatchObject({ state: 'claimed' });
    expect(await db().queue.applyWrites(newIncarnationId(), [done])).toEqual({
      applied: [],
      stale: [attempt.id],
    });
    await db().executors.release(owner);
    expect(await db().queue.applyWrites(owner, [done])).toEqual({ applied: [], stale: [attempt.id] });
    expect(await story(attempt)).toEqual(['1 submitted', '2 claimed']);
  });

  test('a terminal state never changes: a second end is stale', async () => {
    const { owner, attempt } = await claimOne('twice');
    await db().queue.applyWrites(owner, [closed(attempt.id, succeed, null)]);
    const fail = { kind: 'fail', failure: failure('exit_code', 'no'), lost: false, exit: null } as const;
    expect(await db().queue.applyWrites(owner, [closed(attempt.id, fail, null)])).toMatchObject({
      applied: [],
    });
    expect(await db().history.getJob(attempt.jobId)).toMatchObject({ state: 'completed' });
  });

  test('a batch of all kinds at once is applied in the order of each attempt', async () => {
    const owner = await registerSample(db());
    await db().queue.insertJobs(
      Array.from({ length: 4 }, () => sampleJob({ topic: 'mixed' })),
      sampleContext,
    );
    const [a, b, c, d] = await claimSample(db(), owner, 'mixed');
    if (!a || !b || !c || !d) throw new Error('four were expected');
    const running = { kind: 'running', startedAt: new Date(), node: null } as const;
    const answer = await db().queue.applyWrites(owner, [
      closed(d.id, succeed, null),
      launched(a.id, { uid: 'mixed-a', name: 'a' }),
      released(b.id, 1_000, 'later'),
      progressed(a.id, running),
      stopping(a.id, 'run_deadline', 'it ran too long'),
      closed(c.id, retry(1_000), null),
    ]);
    expect(answer.stale).toEqual([]);
    expect(new Set(answer.applied)).toEqual(new Set([a.id, b.id, c.id, d.id]));
    expect(await story(a)).toEqual(['1 submitted', '2 claimed', '3 launched', '4 started', '5 stopping']);
    const [live] = (await db().queue.ownAttempts(owner, { after: null, limit: 5 })).items;
    expect(live).toMatchObject({ id: a.id, state: 'running', stopIntent: 'run_deadline' });
  });

  test('a cancel ends a waiting job at once, asks for a running one, and comes too late for an ended one', async () => {
    const waiting = sampleJob({ topic: 'cancel-waiting' });
    await db().queue.insertJobs([waiting], sampleContext);
    const why = { actor: 'ann', reason: 'not needed' };
    expect(await db().queue.requestCancel(waiting.id, why)).toEqual({ kind: 'accepted', state: 'cancelled' });
    expect(await db().queue.requestCancel(waiting.id, why)).toEqual({ kind: 'too_late', state: 'cancelled' });
    const events = await db().history.listEvents(waiting.id, 0, 10);
    expect(events.at(-1)).toMatchObject({ seq: 2, kind: 'cancelled', actor: 'ann', reason: 'not needed' });

    const { owner, attempt } = await claimOne('cancel-live');
    expect(await db().queue.requestCancel(attempt.jobId, why)).toEqual({
      kind: 'accepted',
      state: 'claimed',
    });
    expect(await db().queue.requestCancel(attempt.jobId, why)).toEqual({
      kind: 'accepted',
      state: 'claimed',
    });
    expect(await db().queue.cancelRequests(owner)).toEqual([attempt.id]);
    await db().queue.applyWrites(owner, [stopping(attempt.id, 'cancel', 'asked by ann')]);
    expect(await db().queue.cancelRequests(owner)).toEqual([]);
    await db().queue.applyWrites(owner, [closed(attempt.id, { kind: 'cancel', exit: null }, null)]);
    expect(await db().history.getJob(attempt.jobId)).toMatchObject({
      state: 'cancelled',
      attemptState: 'cancelled',
      failure: { reason: 'cancelled', message: 'not needed' },
    });
    expect((await db().history.listEvents(attempt.jobId, 0, 10)).at(-1)).toMatchObject({
      reason: 'not needed',
    });
    await expect(db().queue.requestCancel(newJobIdOf(), why)).rejects.toMatchObject({
      code: 'job_not_found',
    });
  });

  test('an accepted cancel wins over success, over a retry and over a release', async () => {
    for (const [index, write] of [
      (id: LiveAttempt['id']) => closed(id, succeed, null),
      (id: LiveAttempt['id']) => closed(id, retry(0), null),
      (id: LiveAttempt['id']) => released(id, 0, 'no room'),
    ].entries()) {
      const { owner, attempt } = await claimOne(`cancel-wins-${index}`);
      await db().queue.requestCancel(attempt.jobId, sampleContext);
      expect(await db().queue.applyWrites(owner, [write(attempt.id)])).toEqual({
        applied: [attempt.id],
        stale: [],
      });
      const record = await db().history.getJob(attempt.jobId);
      expect(record).toMatchObject({ state: 'cancelled', output: null, failure: { category: 'cancelled' } });
      expect((await story(attempt)).at(-1)).toBe('4 cancelled');
    }
  });

  test('an attempt that nobody knows is unknown, an open one open', async () => {
    const { attempt } = await claimOne('fates');
    const unknown = attempt.id.replace(
      /.{4}$/,
      attempt.id.endsWith('0000') ? '0001' : '0000',
    ) as typeof attempt.id;
    expect(await db().queue.attemptFates([attempt.id, unknown])).toEqual([
      { attemptId: attempt.id, kind: 'open', closedForSeconds: null },
      { attemptId: unknown, kind: 'unknown', closedForSeconds: null },
    ]);
    expect(await db().queue.attemptFates([])).toEqual([]);
  });

  const newJobIdOf = () => sampleJob().id;
});
