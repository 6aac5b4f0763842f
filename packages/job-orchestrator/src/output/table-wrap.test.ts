import { expect, test } from 'vitest';
import { renderTable, type Column } from './table.ts';

const story: readonly Column<readonly [string, string]>[] = [
  { header: 'TIME', value: ([time]) => time, drop: 1 },
  { header: 'WHY', value: ([, why]) => why },
];
const rows = [['15:28:44Z', 'The program ended with exit code 3, and will be tried again soon.']] as const;

test.each([60, 40, 30])(
  'a story at %i columns is wrapped: nothing is cut and no column is dropped',
  (space) => {
    const text = renderTable(story, rows, space, 'wrap');
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(space);
    expect(text).not.toContain('…');
    expect(text.replace(/\s+/g, ' ').trim()).toBe(`TIME WHY ${rows[0].join(' ')}`);
  },
);
