import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { exitCodes } from '../output/exit-codes.ts';
import { variables } from './variables.ts';

const readme = await readFile(fileURLToPath(new URL('../../../../README.md', import.meta.url)), 'utf8');

/** The cells of every row of a table whose first cell is a code word that fits. */
const rows = (first: RegExp): string[][] =>
  readme
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .filter(([cell]) => first.test(cell ?? ''));

test('the table of settings in the README says what the code does', () => {
  const told = rows(/^`[A-Z][A-Z0-9_]+`$/).map(([name, meaning, byDefault]) => ({
    name,
    meaning,
    byDefault,
  }));
  const done = Object.entries(variables).map(([name, { meaning, shownDefault }]) => ({
    name: `\`${name}\``,
    meaning,
    byDefault: shownDefault,
  }));
  expect(told).toEqual(done);
});

test('the table of exit codes in the README lists every one', () => {
  const told = rows(/^\d+$/).map(([code]) => Number(code));
  expect(told).toEqual(Object.values(exitCodes).toSorted((a, b) => a - b));
});
