import * as fc from 'fast-check';
import { expect, test } from 'vitest';
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
