import { closed, failure, type ClosingDecision } from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { claimSample, registerSample, sampleContext, sampleExit, sampleJob } from '../testing/samples.ts';
import { onBothDatabases } from './databases.ts';

onBothDatabases((db) => {
  const claimOne = async (topic: string) => {
    const owner = await registerSample(db());
    await db().queue.insertJobs([sampleJob({ topic })], sampleContext);
    const [attempt] = await claimSample(db(), owner, topic);
    return { owner, attempt: attempt! };
  };
  const listen = () => {
    const woken: string[] = [];
    return { woken, stop: db().wakeUps.subscribe((kind) => woken.push(kind)) };
  };
  // A listener that is only being connected hears nothing yet.
  const heard = async ({ woken }: ReturnType<typeof listen>) => {
    await expect
      .poll(() => (db().wakeUps.send('schedules'), woken), { timeout: 10_000 })
      .toContain('schedules');
    woken.length = 0;
  };

  test('an end that was stored before, by a call that never heard of it, wakes all the same', async () => {
    const { owner, attempt } = await claimOne('ends-again');
    const listener = listen();
    const write = closed(attempt.id, { kind: 'succeed', exit: sampleExit() }, null);
    await db().queue.applyWrites(owner, [write]);
    await heard(listener);
    expect((await db().queue.applyWrites(owner, [write])).stale).toEqual([attempt.id]);
    for (const kind of ['finished', 'dags', 'jobs'])
      await expect.poll(() => listener.woken, { timeout: 10_000 }).toContain(kind);
    listener.stop();
  });

  test('a retry that a cancel turned into an end wakes whoever waits for ends', async () => {
    const { owner, attempt } = await claimOne('cancelled-retry');
    await db().queue.requestCancel(attempt.jobId, sampleContext);
    const listener = listen();
    await heard(listener);
    const why = failure('exit_code', 'as asked');
    const exit = sampleExit({ exitCode: 1 });
    const decision: ClosingDecision = {
      kind: 'retry',
      failure: why,
      chargedTo: 'user',
      delayMs: 0,
      lost: false,
      exit,
    };
    await db().queue.applyWrites(owner, [closed(attempt.id, decision, null)]);
    await expect.poll(() => listener.woken, { timeout: 10_000 }).toContain('finished');
    listener.stop();
  });
});
