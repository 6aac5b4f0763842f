import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs } from './decision.ts';
import { categoryRules } from './failures.ts';

test('backoff is full jitter: never above min(cap, base · 2ⁿ), never negative, and zero at jitter 0', () => {
  const rule = fc.constantFrom(...Object.values(categoryRules));
  const jitter = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(rule, fc.nat({ max: 10_000 }), jitter, (category, used, random) => {
      const most = Math.min(category.backoffCapMs, category.backoffBaseMs * 2 ** Math.min(used, 30));
      const delay = backoffMs(category, used, random);
      expect(delay).toBeGreaterThanOrEqual(0);
      expect(delay).toBeLessThanOrEqual(most);
      expect(backoffMs(category, used, 0)).toBe(0);
    }),
  );
});
