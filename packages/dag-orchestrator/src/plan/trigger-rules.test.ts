import { triggerRules, type ParentCounts, type TriggerRule } from '@job-orchestrator/types';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { verdictOf } from './trigger-rules.ts';

const counts = (completed: number, failed: number, skipped: number): ParentCounts => ({
  completed,
  failed,
  skipped,
});
const told = (
  rule: TriggerRule,
  [completed, failed, skipped]: readonly number[],
  parents: number,
): string => {
  const verdict = verdictOf(rule, counts(completed!, failed!, skipped!), parents);
  return verdict.kind === 'skip' ? verdict.reason : verdict.kind;
};

/** Of three parents: how many completed, failed, were skipped, and what the rule says then. */
const table: Readonly<Record<TriggerRule, readonly (readonly [readonly number[], string])[]>> = {
  all_success: [
    [[2, 0, 0], 'wait'],
    [[0, 1, 0], 'upstream_failed'],
    [[1, 0, 1], 'wait'],
    [[2, 0, 1], 'upstream_skipped'],
    [[3, 0, 0], 'run'],
  ],
  all_failed: [
    [[0, 2, 0], 'wait'],
    [[1, 0, 0], 'rule_not_met'],
    [[0, 0, 1], 'rule_not_met'],
    [[0, 3, 0], 'run'],
  ],
  all_done: [
    [[1, 1, 0], 'wait'],
    [[1, 1, 1], 'run'],
    [[0, 3, 0], 'run'],
  ],
  all_done_min_one_success: [
    [[2, 0, 0], 'wait'],
    [[0, 0, 1], 'upstream_skipped'],
    [[0, 3, 0], 'upstream_failed'],
    [[1, 2, 0], 'run'],
  ],
  one_success: [
    [[1, 0, 0], 'run'],
    [[0, 2, 0], 'wait'],
    [[0, 1, 2], 'upstream_failed'],
    [[0, 0, 3], 'upstream_skipped'],
  ],
  one_failed: [
    [[0, 1, 0], 'run'],
    [[2, 0, 0], 'wait'],
    [[2, 0, 1], 'rule_not_met'],
  ],
  one_done: [
    [[0, 1, 0], 'run'],
    [[1, 0, 0], 'run'],
    [[0, 0, 2], 'wait'],
    [[0, 0, 3], 'upstream_skipped'],
  ],
  none_failed: [
    [[0, 1, 0], 'upstream_failed'],
    [[2, 0, 0], 'wait'],
    [[0, 0, 3], 'run'],
    [[2, 0, 1], 'run'],
  ],
  none_failed_min_one_success: [
    [[0, 1, 0], 'upstream_failed'],
    [[0, 0, 3], 'upstream_skipped'],
    [[1, 0, 1], 'wait'],
    [[1, 0, 2], 'run'],
  ],
  none_skipped: [
    [[0, 0, 1], 'upstream_skipped'],
    [[1, 1, 0], 'wait'],
    [[1, 2, 0], 'run'],
  ],
  all_skipped: [
    [[1, 0, 0], 'rule_not_met'],
    [[0, 1, 0], 'rule_not_met'],
    [[0, 0, 2], 'wait'],
    [[0, 0, 3], 'run'],
  ],
  always: [
    [[0, 0, 0], 'run'],
    [[0, 3, 0], 'run'],
  ],
};

test.each(triggerRules)('%s says what docs/dag-semantics.md says', (rule) => {
  for (const [parents, verdict] of table[rule])
    expect([parents, told(rule, parents, 3)]).toEqual([parents, verdict]);
});

test.each(triggerRules)('%s lets a node without parents run', (rule) => {
  expect(told(rule, [0, 0, 0], 0)).toBe('run');
});

test('a verdict that was given never changes, however the other parents end', () => {
  const ends = fc.array(fc.constantFrom('completed', 'failed', 'skipped' as const), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(fc.constantFrom(...triggerRules), ends, (rule, order) => {
      const count = (of: typeof order) =>
        counts(
          ...(['completed', 'failed', 'skipped'].map((kind) => of.filter((end) => end === kind).length) as [
            number,
            number,
            number,
          ]),
        );
      const last = verdictOf(rule, count(order), order.length);
      expect(last.kind).not.toBe('wait');
      for (let ended = 0; ended < order.length; ended += 1) {
        const early = verdictOf(rule, count(order.slice(0, ended)), order.length);
        if (early.kind !== 'wait') expect(early).toEqual(last);
      }
    }),
    { numRuns: 3_000 },
  );
});
