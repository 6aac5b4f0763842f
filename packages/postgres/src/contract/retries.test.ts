import {
  closed,
  failure,
  type FailureReason,
  type IncarnationId,
  type LiveAttempt,
} from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import {
  claimSample,
  registerSample,
  sampleContext,
  sampleExit,
  sampleJob,
  sampleSpec,
} from '../testing/samples.ts';
import { onBothDatabases } from './databases.ts';

onBothDatabases((db) => {
  const claimNext = async (owner: IncarnationId, topic: string): Promise<LiveAttempt> => {
    await db().queue.promoteDue(10);
    const [attempt] = await claimSample(db(), owner, topic);
    if (attempt === undefined) throw new Error('nothing was claimed');
    return attempt;
  };
  const fail = (owner: IncarnationId, { id }: LiveAttempt, reason: FailureReason, node: string | null) => {
    const why = failure(reason, 'as asked');
    const chargedTo = why.category === 'infrastructure' ? 'infrastructure' : 'user';
    const exit = { ...sampleExit({ exitCode: 137 }), node };
    const decision = { kind: 'retry', failure: why, chargedTo, delayMs: 0, lost: false, exit } as const;
    return db().queue.applyWrites(owner, [closed(id, decision, null)]);
  };

  test('each attempt shows the memory that it had', async () => {
    const owner = await registerSample(db());
    const retry = { maxRetries: 5, infrastructureRetries: 5, memory: { factor: 2, cap: '3Gi' } };
    const spec = { ...sampleSpec, retry, resources: { limits: { memory: '1Gi' } } };
    await db().queue.insertJobs([sampleJob({ topic: 'memory', spec })], sampleContext);
    for (const reason of ['oom_killed', 'exit_code', 'oom_killed'] as const)
      await fail(owner, await claimNext(owner, 'memory'), reason, null);
    const { jobId } = await claimNext(owner, 'memory');
    const attempts = await db().history.listAttempts(jobId);
    expect(attempts.map(({ resources }) => resources?.limits?.['memory'])).toEqual([
      '1Gi',
      '2048Mi',
      '2048Mi',
      '3Gi',
    ]);
  });
});
