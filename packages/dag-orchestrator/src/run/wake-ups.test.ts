import { newJobId, type LiveAttempt, type WakeUp } from '@job-orchestrator/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { graphOf, jobNode } from '../testing/graphs.ts';
import { bothDatabases, orchestrated, type Orchestrated } from '../testing/orchestrated.ts';

const context = { actor: 'tester', reason: 'a test' };

describe.each(bothDatabases)('on %s', (_name, open) => {
  let at: Orchestrated;
  beforeAll(async () => {
    at = await orchestrated(open);
  });
  afterAll(() => at.close());

  const claimed = async (): Promise<readonly LiveAttempt[]> => {
    let found: readonly LiveAttempt[] = [];
    await expect.poll(async () => (found = await at.harness.claim())).not.toEqual([]);
    return found;
  };
  /** What is told when these jobs end, after whatever was told before. */
  const toldOfEnds = async (attempts: readonly LiveAttempt[]): Promise<readonly WakeUp[]> => {
    const told: WakeUp[] = [];
    const { wakeUps } = at.fresh.database;
    const stop = wakeUps.subscribe((kind) => told.push(kind));
    await at.harness.end(attempts, () => null);
    await expect.poll(() => told).toContain('finished');
    stop();
    return told;
  };

  test('the end of a job wakes those who advance DAGs only if it is a node of one', async () => {
    const job = {
      topic: 'alone',
      project: 'default',
      priority: 0,
      runAt: null,
      retryOf: null,
      rootJobId: null,
    };
    const run = await at.harness.start(graphOf([jobNode('only')], { name: 'woken' }));
    const [node] = await claimed();
    const spec = { ...node!.spec, labels: {} };
    await at.fresh.database.queue.insertJobs([{ ...job, id: newJobId(), spec }], context);
    expect(await toldOfEnds(await claimed())).not.toContain('dags');
    expect(await toldOfEnds([node!])).toContain('dags');
    await at.harness.finish(run);
  });
});
