import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseQuantity } from './quantity.ts';
import { canGrow, grownMemory, grownResources } from './retry-policy.ts';

const retry = { maxRetries: 9, infrastructureRetries: 0, memory: { factor: 2, cap: '3Gi' } };
const resources = { requests: { cpu: '1', memory: '512Mi' }, limits: { memory: '1Gi' } };

test('memory grows by the factor after each try that ran out of it, the request with the limit, up to the cap', () => {
  const memories = [0, 1, 2, 3].map((times) => {
    const grown = grownResources({ resources, retry }, times);
    return [grown?.requests?.['memory'], grown?.limits?.['memory']];
  });
  expect(memories).toEqual([
    ['512Mi', '1Gi'],
    ['1024Mi', '2048Mi'],
    ['2048Mi', '3Gi'],
    ['3Gi', '3Gi'],
  ]);
  expect(grownResources({ resources, retry }, 1)?.requests?.['cpu']).toBe('1');
});

test('without a rule or without a limit nothing grows', () => {
  const { memory: _, ...plain } = retry;
  expect(grownResources({ resources, retry: plain }, 5)).toBe(resources);
  expect(grownResources({ resources: null, retry }, 5)).toBeNull();
  expect(canGrow({ resources, retry: plain }, 0)).toBe(false);
});

test('growth never goes back, never beyond the cap, and comes to an end', () => {
  const mebi = fc.integer({ min: 1, max: 100_000 });
  fc.assert(
    fc.property(mebi, mebi, fc.double({ min: 1.1, max: 10, noNaN: true }), (from, more, factor) => {
      const memory = { factor, cap: `${from + more}Mi` };
      const at = (times: number): bigint => parseQuantity(grownMemory(`${from}Mi`, memory, times)) ?? 0n;
      const cap = parseQuantity(memory.cap) ?? 0n;
      for (let times = 0; times < 10; times++) {
        expect(at(times + 1) >= at(times) && at(times + 1) <= cap).toBe(true);
        expect(at(times + 1) > at(times) || at(times) === cap).toBe(true);
      }
      expect(at(200)).toBe(cap);
    }),
  );
});
