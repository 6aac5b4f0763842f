import { failure } from '@job-orchestrator/types';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { conclude } from '../decide/conclude.ts';
import { buildAttempt } from '../testing/arbitraries.ts';
import { createRateLimit } from './rate-limit.ts';

test('a second’s worth goes at once after a rest, then one per interval', () => {
  const limit = createRateLimit(4);
  expect(Array.from({ length: 6 }, () => limit.take(0))).toEqual([0, 0, 0, 0, 250, 500]);
  expect(limit.take(60_000)).toBe(0);
});

test('a rate below one a second works as well', () => {
  const limit = createRateLimit(0.5);
  expect([limit.take(0), limit.take(0), limit.take(1_000)]).toEqual([0, 2_000, 3_000]);
});

test('in no second begin more than the rate and its burst', () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 50 }),
    fc.array(fc.nat(400), { maxLength: 200 }),
    (rate, gapsMs) => {
      const limit = createRateLimit(rate);
      let nowMs = 0;
      const begins = gapsMs.map((gapMs) => {
        nowMs += gapMs;
        return nowMs + limit.take(nowMs);
      });
      return begins.every(
        (from) => begins.filter((at) => at >= from && at < from + 1_000).length <= 2 * rate,
      );
    },
  );
  expect(fc.check(property).counterexample).toBeNull();
});

const perSecond = (moments: readonly number[]): readonly number[] => {
  const seconds = moments.map((ms) => Math.floor(ms / 1_000));
  const counts = Array.from({ length: Math.max(...seconds) + 1 }, () => 0);
  for (const second of seconds) counts[second]! += 1;
  return counts;
};

test('10,000 jobs that fail at once come back spread over their backoff, and begin at the rate, second for second', () => {
  const count = 10_000;
  const disrupted = failure('disrupted', 'the zone is gone');
  const dueMs = Array.from({ length: count }, (_, index) => {
    const decision = conclude(buildAttempt(), disrupted, null, index / count);
    return decision.kind === 'retry' ? decision.delayMs : Number.NaN;
  }).toSorted((one, other) => one - other);
  expect(perSecond(dueMs)).toEqual([2_000, 2_000, 2_000, 2_000, 2_000]);
  const limit = createRateLimit(20);
  const begun = perSecond(dueMs.map((atMs) => atMs + limit.take(atMs)));
  expect(Math.max(...begun)).toBeLessThanOrEqual(40);
  expect(Math.min(...begun.slice(0, -1))).toBeGreaterThanOrEqual(19);
});
