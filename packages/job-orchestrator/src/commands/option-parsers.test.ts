import { InvalidArgumentError } from 'commander';
import { expect, test } from 'vitest';
import { limitOrNone } from './option-parsers.ts';

test('the limit of a topic is a number from 1, or none', () => {
  expect(limitOrNone('none')).toBeNull();
  expect(limitOrNone('7')).toBe(7);
  for (const wrong of ['abc', '0', '-1', '1.5', '100001', ''])
    expect(() => limitOrNone(wrong)).toThrow(InvalidArgumentError);
  expect(() => limitOrNone('0')).toThrow(/from 1 to 100000, or none; `topic pause` runs nothing/);
});
