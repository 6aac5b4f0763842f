import { OrchestratorError } from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { refusesData } from './refused-data.ts';

const withCode = (code: unknown): Error => Object.assign(new Error('as the database says it'), { code });

test.each(['22021', '22P05', '23514', '54001', 'XX001'])('%s is of the data', (code) => {
  expect(refusesData(withCode(code))).toBe(true);
  expect(refusesData(new Error('wrapped', { cause: withCode(code) }))).toBe(true);
});

test.each(['53100', '53200', '40001', '57014', 'XX000', 'P0001', 'ECONNRESET', 22021, undefined])(
  '%s is of the moment',
  (code) => {
    expect(refusesData(withCode(code))).toBe(false);
  },
);

test('a database that does not answer, and what is no error, is of the moment', () => {
  expect(refusesData(new OrchestratorError('database_unavailable', 'no connection'))).toBe(false);
  expect(refusesData('22021')).toBe(false);
  expect(refusesData(null)).toBe(false);
});
