import { expect, test } from 'vitest';
import { spanText } from './span-text.ts';

test.each([
  [0, '0s'],
  [1, '1s'],
  [90, '1m30s'],
  [600, '10m'],
  [5_400, '1h30m'],
  [604_800, '7d'],
  [90_061, '1d1h1m1s'],
])('%i seconds are %s', (seconds, text) => expect(spanText(seconds)).toBe(text));
