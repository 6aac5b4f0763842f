import { freshDatabase, type FreshDatabase } from '@job-orchestrator/postgres/testing';
import type { JobId } from '@job-orchestrator/types';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { brokenPromises } from './testing/trial/check-promises.ts';
import type { Mortal, PortCall } from './testing/trial/mortal-ports.ts';
import { createTrial, type Trial } from './testing/trial/trial.ts';

let fresh: FreshDatabase;
beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.close());

/** The calls that change something outside of the executor; it is killed before and after each. */
const effects = new Set([
  'executors.register',
  'executors.beat',
  'queue.claimJobs',
  'queue.applyWrites',
  'outputs.expect',
  'runtime.ensure',
  'runtime.stop',
  'runtime.collectOutput',
  'runtime.remove',
]);

/** Counts the outside effects, before and after each, and kills at the chosen one. */
const killAt = (point: number | null) => {
  const seen: string[] = [];
  const onCall = ({ name, moment }: PortCall, mortal: Mortal): void => {
    if (!effects.has(name)) return;
    if (seen.length === point) mortal.die();
    seen.push(`${moment} ${name}`);
  };
  return { seen, onCall };
};

const submitAll = async (trial: Trial): Promise<{ ids: readonly JobId[]; cancelled: JobId }> => {
  const plain = await trial.submit(
    [
      { kind: 'print', text: 'done' },
      { kind: 'writeOutput', text: '{"n": 1}' },
      { kind: 'exit', code: 0 },
    ],
    { output: true },
  );
  const retried = await trial.submit([{ kind: 'exit', code: 1 }], {
    retry: { maxRetries: 1, infrastructureRetries: 5 },
  });
  const slow = await trial.submit([
    { kind: 'sleep', seconds: 5 },
    { kind: 'exit', code: 0 },
  ]);
  const cancelled = await trial.submit([{ kind: 'waitForStop' }]);
  return { ids: [plain, retried, slow, cancelled], cancelled };
};

/** One run: four jobs, one of them cancelled in its middle, with an executor that dies at `point` and a second one. */
const run = async (
  point: number | null,
): Promise<{ points: readonly string[]; broken: readonly string[] }> => {
  const trial = createTrial(fresh.database, { collectMs: 300 });
  try {
    const { ids, cancelled } = await submitAll(trial);
    const { seen, onCall } = killAt(point);
    const first = trial.launchExecutor({ onCall });
    await trial.until('the cancelled job to run', async () => {
      return first.mortal.dead() || (await trial.job(cancelled)).state === 'running';
    });
    await trial.database.queue.requestCancel(cancelled, { actor: 'person', reason: 'enough' });
    if (point !== null) {
      await trial.until('the death', () => first.mortal.dead(), 20_000);
      for (const id of first.incarnations) await trial.database.executors.release(id);
      trial.launchExecutor();
    }
    const jobs = await trial.untilEnded(ids);
    const broken = [...(await brokenPromises(trial, ids))];
    const outcome = jobs.map(({ state }) => state).join();
    if (JSON.stringify(jobs[0]?.output?.value) !== '{"n":1}') broken.push('the output is lost');
    if (outcome !== 'completed,failed,completed,cancelled') broken.push(outcome);
    trial.age(700);
    await trial.until('no orphans', () => trial.world.objects.size === 0, 150_000);
    return { points: seen, broken };
  } finally {
    trial.end();
  }
};

test('killed before and after each of its outside effects, an executor leaves nothing lost, doubled or stuck', async () => {
  const { points, broken } = await run(null);
  expect(broken).toEqual([]);
  expect(points.length).toBeGreaterThan(25);
  for (const name of effects) expect(points.some((point) => point.endsWith(name))).toBe(true);
  const found: string[] = [];
  for (const [index, name] of points.entries()) {
    const result = await run(index).catch((error: unknown) => ({ broken: [String(error)] }));
    found.push(...result.broken.map((fault) => `killed ${name} (${index}): ${fault}`));
  }
  expect(found).toEqual([]);
}, 240_000);
