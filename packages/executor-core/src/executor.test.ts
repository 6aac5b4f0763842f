import { freshDatabase, type FreshDatabase } from '@job-orchestrator/postgres/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTrial, type Trial } from './testing/trial/trial.ts';

let fresh: FreshDatabase;
let trial: Trial;
beforeAll(async () => {
  fresh = await freshDatabase();
});
beforeEach(() => {
  trial = createTrial(fresh.database);
});
afterEach(() => trial.end());
afterAll(() => fresh.close());

const exit = (code: number) => [{ kind: 'exit', code }] as const;

describe('an executor', () => {
  test('runs each job once, keeps its log and its output, and leaves nothing behind', async () => {
    const program = [
      { kind: 'print', text: 'counted' },
      { kind: 'writeOutput', text: '{"words": 3}' },
      { kind: 'exit', code: 0 },
    ] as const;
    const ids = await Promise.all(Array.from({ length: 30 }, () => trial.submit(program, { output: true })));
    trial.launchExecutor();
    const jobs = await trial.untilEnded(ids);
    expect(jobs.map(({ state }) => state)).toEqual(ids.map(() => 'completed'));
    expect(jobs[0]).toMatchObject({ attempt: 1, exitCode: 0, output: { value: { words: 3 } } });
    expect([...trial.world.created.values()]).toEqual(ids.map(() => 1));
    await trial.until('clean-up', () => trial.world.objects.size === 0);
    const [first] = ids;
    if (!first) return;
    const [attempt] = await trial.database.history.listAttempts(first);
    if (!attempt) throw new Error('no attempt');
    const log = await trial.database.history.getLogTail(first, attempt.id);
    expect(new TextDecoder().decode(log?.bytes)).toBe('counted\n');
  });

  test('tries again as often as was asked, and then fails', async () => {
    const id = await trial.submit(exit(3), { retry: { maxRetries: 2, infrastructureRetries: 0 } });
    trial.launchExecutor();
    const [job] = await trial.untilEnded([id]);
    expect(job).toMatchObject({ state: 'failed', attempt: 3, exitCode: 3, failure: { reason: 'exit_code' } });
    expect(trial.world.created.size).toBe(3);
  });
});
