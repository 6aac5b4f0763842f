import { expect, test } from 'vitest';
import { retryProblems } from './retry.ts';
import { isOrchestratorError } from '../errors/orchestrator-error.ts';
import { validateJobSubmission } from './submissions.ts';

const base = { maxRetries: 1, infrastructureRetries: 5 };
const resources = { limits: { memory: '1Gi' } };
const problems = (retry: object, given: object | null = resources): string[] =>
  retryProblems({ ...base, ...retry }, given, ['retry']).map(({ field, message }) => `${field} ${message}`);

test('a complete policy passes', () => {
  const retry = {
    on: { exitCodes: [75], categories: ['timeout', 'out_of_memory'] },
    never: { exitCodes: [2], categories: ['infrastructure'] },
    backoff: { baseSeconds: 1, capSeconds: 60 },
    memory: { factor: 1.5, cap: '8Gi' },
    onNodeLost: 'rerun',
  };
  expect(problems(retry)).toEqual([]);
  expect(validateJobSubmission({ image: 'a', retry: { ...base, ...retry } }).retry).toEqual({
    ...base,
    ...retry,
  });
});

test.each([
  [{ maxRetries: 0, on: { exitCodes: [1] } }, /retry\.on has no effect without retry\.maxRetries/],
  [
    { on: { categories: ['infrastructure'] } },
    /retry\.on\.categories may name what maxRetries pays for: user_error/,
  ],
  [{ never: {} }, /retry\.never must name categories or exitCodes/],
  [
    { backoff: { baseSeconds: 9, capSeconds: 1 } },
    /retry\.backoff\.baseSeconds must not be more than capSeconds \(1\)/,
  ],
  [{ memory: { factor: 2, cap: 'much' } }, /retry\.memory\.cap must be a quantity/],
  [{ memory: { factor: 2, cap: '1Gi' } }, /must be more than resources\.limits\.memory \(1Gi\)/],
])('%j is refused', (retry, message) => {
  expect(problems(retry)).toEqual([expect.stringMatching(message)]);
});

test('memory that may grow needs a limit to grow from', () => {
  expect(problems({ memory: { factor: 2, cap: '8Gi' } }, null)).toEqual([
    expect.stringMatching(/needs resources\.limits\.memory/),
  ]);
});

test.each([
  ['exit code 0', { on: { exitCodes: [0] } }, 'retry.on.exitCodes[0]'],
  ['exit code 256', { never: { exitCodes: [256] } }, 'retry.never.exitCodes[0]'],
  ['an unknown category', { never: { categories: ['bad_luck'] } }, 'retry.never.categories[0]'],
  ['a factor of 1', { memory: { factor: 1, cap: '1Gi' } }, 'retry.memory.factor'],
  ['another word', { onNodeLost: 'panic' }, 'retry.onNodeLost'],
])('the edge refuses %s, naming the field', (_name, retry, field) => {
  const refuse = (): unknown => {
    try {
      return validateJobSubmission({ image: 'a', retry });
    } catch (error) {
      return isOrchestratorError(error) ? error.problems.map((problem) => problem.field) : error;
    }
  };
  expect(refuse()).toEqual([field]);
});
