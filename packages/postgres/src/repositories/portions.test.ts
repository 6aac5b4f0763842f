import { describe, expect, test } from 'vitest';
import { portionsOf } from './portions.ts';

const sizes = (items: readonly string[], most: number): number[] =>
  [...portionsOf(items, most, (text) => ({ text }))].map(({ length }) => length);

describe('portions for statements', () => {
  test('hold at most so many items', () => {
    expect(sizes([], 2)).toEqual([]);
    expect(sizes(['a', 'b', 'c', 'd', 'e'], 2)).toEqual([2, 2, 1]);
  });

  test('hold about 16 MiB, and one item however large', () => {
    const [mid, large] = ['x'.repeat(6_000_000), 'x'.repeat(20_000_000)];
    expect(sizes([mid, mid, mid, large, 'a', 'b'], 1_000)).toEqual([2, 1, 1, 2]);
  });
});
