import { randomUUID } from 'node:crypto';
import {
  attemptId,
  finalizing,
  OrchestratorError,
  type AppliedWrites,
  type AttemptWrite,
} from '@job-orchestrator/types';
import { describe, expect, test } from 'vitest';
import { createVirtualClock } from '../testing/clock/virtual-clock.ts';
import { createRecorder } from './recorder.ts';

const newWrite = (): AttemptWrite => finalizing(attemptId(randomUUID()));
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

const setUp = (answer: (writes: readonly AttemptWrite[]) => AppliedWrites | Error) => {
  const clock = createVirtualClock();
  const batches: (readonly AttemptWrite[])[] = [];
  const apply = async (writes: readonly AttemptWrite[]): Promise<AppliedWrites> => {
    batches.push(writes);
    await settle();
    const said = answer(writes);
    if (said instanceof Error) throw said;
    return said;
  };
  return { clock, batches, recorder: createRecorder({ clock, apply }) };
};

const allApplied = (writes: readonly AttemptWrite[]): AppliedWrites => ({
  applied: writes.map(({ attemptId: id }) => id),
  stale: [],
});

describe('the recorder', () => {
  test('sends a lone write at once, and what comes meanwhile together', async () => {
    const { clock, batches, recorder } = setUp(allApplied);
    const first = recorder.record(newWrite());
    await Promise.resolve();
    const others = [newWrite(), newWrite(), newWrite()].map((write) => recorder.record(write));
    await first;
    await settle();
    clock.advance(10);
    expect(await Promise.all(others)).toEqual(['applied', 'applied', 'applied']);
    expect(batches.map(({ length }) => length)).toEqual([1, 3]);
    expect(recorder.size()).toBe(0);
  });

  test('says which writes were stale; the others go on', async () => {
    const bad = newWrite();
    const { recorder } = setUp((writes) => ({
      applied: writes.filter((write) => write !== bad).map(({ attemptId: id }) => id),
      stale: [bad.attemptId],
    }));
    const recorded = await Promise.all([newWrite(), bad, newWrite()].map((write) => recorder.record(write)));
    expect(recorded).toEqual(['applied', 'stale', 'applied']);
  });

  test('keeps two writes of one attempt in order, in batches of their own', async () => {
    const { clock, batches, recorder } = setUp(allApplied);
    const [one, other] = [newWrite(), newWrite()];
    const two = { ...one, reason: 'the second' };
    const all = [one, other, two].map((write) => recorder.record(write));
    await settle();
    await settle();
    clock.advance(10);
    await Promise.all(all);
    expect(batches).toEqual([[one, other], [two]]);
  });

  test('a write that the database refuses fails alone', async () => {
    const bad = newWrite();
    const { recorder } = setUp((writes) => (writes.includes(bad) ? new Error('22P05') : allApplied(writes)));
    const writes = [newWrite(), newWrite(), bad, newWrite(), newWrite()];
    const results = await Promise.allSettled(writes.map((write) => recorder.record(write)));
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    await settle();
    expect(await recorder.record(newWrite())).toBe('applied');
  });

  test.each([
    ['is down', 'database_unavailable'],
    ['lacks us a right', 'database_right_missing'],
  ] as const)('does not ask a database that %s for each write anew', async (_name, code) => {
    const { batches, recorder } = setUp(() => new OrchestratorError(code, 'no'));
    const results = await Promise.allSettled(
      [newWrite(), newWrite(), newWrite()].map((each) => recorder.record(each)),
    );
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(batches.length).toBe(1);
  });

  test('after its end everything is stale', async () => {
    const { recorder } = setUp(allApplied);
    const waiting = recorder.record(newWrite());
    recorder.end();
    expect(await waiting).toBe('stale');
    expect(await recorder.record(newWrite())).toBe('stale');
  });
});
