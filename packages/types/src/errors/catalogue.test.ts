import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { categoryRules, failureReasons } from '../vocabulary/failures.ts';
import { errorCatalogue } from './catalogue.ts';

const document = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');

/** The rows of the table under a heading, as cells. */
const rowsUnder = (heading: string): string[][] => {
  const section = document.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
};

describe('docs/errors.md and the code agree both ways', () => {
  test('on every error code, its status, title and hint', () => {
    const documented = rowsUnder('Error codes').map(([code, status, title, hint]) => [
      code,
      status,
      title,
      hint,
    ]);
    const coded = Object.entries(errorCatalogue).map(([code, rule]) => [
      code,
      String(rule.status),
      rule.title,
      rule.hint.replaceAll('`', ''),
    ]);
    expect(documented.toSorted()).toEqual(coded.toSorted());
  });

  test('on every reason of a failure, its category, title and hint', () => {
    const documented = rowsUnder('Reasons of a failure');
    const coded = Object.entries(failureReasons).map(([reason, rule]) => [
      reason,
      rule.category,
      rule.title,
      rule.hint.replaceAll('`', ''),
    ]);
    expect(documented.toSorted()).toEqual(coded.toSorted());
  });

  test('on every category, its budget, backoff and cap', () => {
    const documented = rowsUnder('Categories').map(([category, budget, base, cap, most]) => [
      category,
      budget,
      base,
      cap,
      most,
    ]);
    const coded = Object.entries(categoryRules).map(([category, rule]) => [
      category,
      rule.budget,
      `${rule.backoffBaseMs / 1000} s`,
      `${rule.backoffCapMs / 1000} s`,
      rule.most === null ? '–' : String(rule.most),
    ]);
    expect(documented.toSorted()).toEqual(coded.toSorted());
  });
});
