import { expect, test } from 'vitest';
import { buildAttempt } from '../testing/arbitraries.ts';
import { createVirtualClock } from '../testing/clock/virtual-clock.ts';
import { createHeldAttempts } from './held-attempts.ts';

const attempt = buildAttempt({ state: 'launching', launchedAt: null });
const { id } = attempt;

const setUp = () => {
  const clock = createVirtualClock();
  const held = createHeldAttempts(clock);
  const ask = () => ({ fresh: false, askedMs: clock.monotonicMs() });
  held.hold(attempt, ask());
  clock.advance(1_000);
  return { clock, held, ask };
};

test('what we closed or released is not held again, whatever an answer shows', () => {
  const { clock, held, ask } = setUp();
  expect(held.drop(id, 'done')).toBe(true);
  // A sweep that had begun before does not find it, and lets go of it once more.
  expect(held.drop(id, 'not_ours')).toBe(false);
  clock.advance(60_000);
  held.hold(attempt, ask());
  expect(held.get(id)).toBeUndefined();
});

test('what only seemed lost is held again, but not for an answer that was asked for before', () => {
  const { clock, held, ask } = setUp();
  const early = ask();
  clock.advance(1_000);
  held.drop(id, 'not_ours');
  clock.advance(1_000);
  held.hold(attempt, early);
  expect(held.get(id)).toBeUndefined();
  held.hold(attempt, ask());
  expect(held.get(id)?.attempt).toBe(attempt);
});

test('what is held already stays as it is', () => {
  const { held, ask } = setUp();
  const known = held.get(id);
  held.hold({ ...attempt, number: 2 }, { ...ask(), fresh: true });
  expect(held.get(id)).toBe(known);
  expect(held.size()).toBe(1);
});
