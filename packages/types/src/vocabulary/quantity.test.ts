import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseQuantity } from './quantity.ts';

test.each([
  ['500m', 500n],
  ['1', 1_000n],
  ['0.5', 500n],
  ['1Gi', 1_073_741_824_000n],
  ['1.5Gi', 1_610_612_736_000n],
  ['2k', 2_000_000n],
])('%s is %s thousandths', (text, thousandths) => {
  expect(parseQuantity(text)).toBe(thousandths);
});

test.each([
  '',
  '-1',
  '+1',
  '1e3',
  '1e30Gi',
  '0.1m',
  '1.',
  '.5',
  '1 Gi',
  '1gi',
  'Gi',
  '0x10',
  '1'.repeat(16),
  '1\n',
])('%j is not a quantity', (text) => {
  expect(parseQuantity(text)).toBeNull();
});

test('a larger number with the same suffix is a larger quantity', () => {
  const suffix = fc.constantFrom('', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'Ti');
  fc.assert(
    fc.property(fc.nat(), fc.nat(), suffix, (a, b, unit) => {
      const [left, right] = [parseQuantity(`${a}${unit}`), parseQuantity(`${b}${unit}`)];
      expect(left! < right!).toBe(a < b);
    }),
  );
});
