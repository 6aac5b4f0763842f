import type { ExpressionScope } from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { whyFalse } from './why-false.ts';

const scope: ExpressionScope = {
  inputs: { n: 3, text: 'x'.repeat(500), list: [1, 2], 'a-b': true },
  nodes: { 'load-all': { state: 'failed', outputs: { rows: 7 } } },
  run: {
    id: 'r',
    dag: 'd',
    version: 1,
    createdAt: '',
    createdBy: 'ann',
    scheduledAt: null,
    state: null,
  },
};

test.each([
  ['inputs.n > 5', 'inputs.n > 5 is false: inputs.n is 3'],
  ['false', 'false is false'],
  ['inputs.n > 5 && inputs.n < 9', 'inputs.n > 5 && inputs.n < 9 is false: inputs.n is 3'],
  ['has(inputs.day)', 'has(inputs.day) is false: inputs.day is not there'],
  [
    'nodes["load-all"].state == "completed"',
    'nodes["load-all"].state == "completed" is false: nodes["load-all"].state is "failed"',
  ],
  ['inputs.list.exists(x, x > 2)', 'inputs.list.exists(x, x > 2) is false: inputs.list is [1,2]'],
  ['run.scheduledAt != null', 'run.scheduledAt != null is false: run.scheduledAt is null'],
])('%s', (source, text) => expect(whyFalse(source, scope)).toBe(text));

test('long conditions and values are cut, and of many values the first are told', () => {
  const told = whyFalse(`inputs.text == "${'y'.repeat(300)}"`, scope);
  expect(told).toMatch(/^inputs.text == "y+… is false: inputs.text is "x+…$/);
  expect(told.length).toBeLessThan(300);
  const many = Array.from({ length: 8 }, (_, at) => `inputs.v${at}`).join(' || ');
  expect(whyFalse(many, scope)).toContain('inputs.v4 is not there and 3 more');
});
