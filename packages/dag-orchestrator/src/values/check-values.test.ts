import {
  isOrchestratorError,
  type JsonObject,
  type Problem,
  type ValueSchema,
} from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { completeInputs, outputProblems } from './check-values.ts';

const declared: Readonly<Record<string, ValueSchema>> = {
  day: { type: 'string', format: 'date' },
  parts: { type: 'integer', minimum: 1, default: 4 },
  region: { type: 'string', pattern: '^(a+)+$', default: 'a' },
};

const refused = (given: JsonObject): readonly Problem[] => {
  try {
    completeInputs(declared, given);
  } catch (error) {
    if (isOrchestratorError(error)) return error.problems;
    throw error;
  }
  return [];
};

test('inputs of a run get the defaults of what was not given', () => {
  expect(completeInputs(declared, { day: '2026-01-31' })).toEqual({
    day: '2026-01-31',
    parts: 4,
    region: 'a',
  });
});

test.each<[JsonObject, string, string]>([
  [{}, 'inputs.day', 'is required'],
  [{ day: '2026-02-30' }, 'inputs.day', 'a date such as'],
  [{ day: '2026-01-31', parts: '4' }, 'inputs.parts', 'whole number'],
  [{ day: '2026-01-31', parts: 0 }, 'inputs.parts', 'at least 1'],
  [{ day: '2026-01-31', prats: 4 }, 'inputs.prats', 'is not an input of the DAG; did you mean parts?'],
  [{ day: '2026-01-31', x: 4 }, 'inputs.x', 'is not an input of the DAG, which takes day, parts, region'],
  [{ day: '2026-01-31', region: `${'a'.repeat(50_000)}!` }, 'inputs.region', 'must match'],
])('inputs %o are refused at %s', (given, field, words) => {
  const problem = refused(given)[0];
  expect(problem?.field).toBe(field);
  expect(problem?.message).toContain(words);
});

test('every declared output is required, more are allowed', () => {
  const outputs: Readonly<Record<string, ValueSchema>> = {
    rows: { type: 'array', items: { type: 'integer' } },
  };
  expect(outputProblems(outputs, { rows: [1, 2], more: true })).toEqual([]);
  expect(outputProblems(outputs, {})[0]).toMatchObject({ field: 'outputs.rows', message: 'is required' });
  expect(outputProblems(outputs, { rows: [1, 'x'] })[0]).toMatchObject({ field: 'outputs.rows[1]' });
  expect(outputProblems(outputs, 3)[0]).toMatchObject({ field: 'outputs', message: 'must be a map' });
});

test('a DAG without inputs says that it takes none', () => {
  expect(() => completeInputs({}, { x: 1 })).toThrow('inputs.x is not an input of the DAG, which takes none');
});
