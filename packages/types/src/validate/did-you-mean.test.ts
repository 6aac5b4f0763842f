import { expect, test } from 'vitest';
import { didYouMean } from './did-you-mean.ts';

test.each<[string, string[], string | null]>([
  ['triggerRul', ['trigger', 'triggerRule'], 'triggerRule'],
  ['Needs', ['needs'], 'needs'],
  ['A', ['a', 'b'], 'a'],
  ['dya', ['day', 'dry'], 'day'],
  ['MUN', ['SUN', 'MON'], 'MON'],
  ['zz1', ['n1'], null],
  ['b', ['a'], null],
  ['load', ['load'], null],
  ['load', ['load', 'loads'], 'loads'],
  ['x', [], null],
])('of %s, %j means %j', (word, candidates, meant) => expect(didYouMean(word, candidates)).toBe(meant));
