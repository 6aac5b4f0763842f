import { expect, test } from 'vitest';
import { fitExcerpt } from './excerpt.ts';

const text = '    needs: [extract, load-everything, extrct, publish-what-was-loaded]';
const spot = text.indexOf('extrct');
const excerpt = `12 | ${text}\n   | ${' '.repeat(spot)}${'^'.repeat(6)}`;

test.each([30, 40, 60, 70, 80])('in %i columns the carets stand under what they mean', (columns) => {
  const lines = fitExcerpt(excerpt, columns);
  const [line = '', carets = ''] = lines;
  expect(lines.every(({ length }) => length <= columns)).toBe(true);
  expect(line.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1)).toBe('extrct');
  expect(line.startsWith('12 | ')).toBe(true);
});

test('what fits is left as it is', () => {
  expect(fitExcerpt(excerpt, 200)).toEqual(excerpt.split('\n'));
});

test('carets that are wider than the space begin where they began', () => {
  const wide = `1 | ${'x'.repeat(90)}\n  | ${'^'.repeat(90)}`;
  const [line = '', carets = ''] = fitExcerpt(wide, 40);
  expect([line.length <= 40, carets.length <= 40, carets.indexOf('^')]).toEqual([true, true, 4]);
});
