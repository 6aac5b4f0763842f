import { expect, test } from 'vitest';
import { jobNode } from '../testing/graphs.ts';
import { knownNode } from './known-nodes.ts';

test('an expression without a value is told at the place where its node stands, in `finally` too', () => {
  const when = 'inputs.n.m == 1';
  const messageOf = (final: boolean) => knownNode(jobNode('a', [], { final, when }), { n: {} }).message;
  expect(messageOf(false)).toMatch(/^nodes\.a\.when: /);
  expect(messageOf(true)).toMatch(/^finally\.a\.when: /);
});
