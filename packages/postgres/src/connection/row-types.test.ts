import { expect, test } from 'vitest';
import { rowTypes } from './row-types.ts';

const read = (text: string): unknown => rowTypes[1184]?.(text);

test.each([
  ['2026-01-31 12:34:56+00', '2026-01-31T12:34:56.000Z'],
  ['2026-01-31 12:34:56.7+00', '2026-01-31T12:34:56.700Z'],
  ['2026-12-01 00:00:00.001999+00', '2026-12-01T00:00:00.001Z'],
  ['1970-01-01 00:00:00.999999+00', '1970-01-01T00:00:00.999Z'],
  ['12026-01-31 12:34:56+00', undefined],
  ['2026-01-31 12:34:56+02', '2026-01-31T10:34:56.000Z'],
])('the time %s is read to the millisecond that has begun', (text, expected) => {
  const time = read(text);
  expect(time instanceof Date && !Number.isNaN(+time) ? time.toISOString() : undefined).toBe(expected);
});

test('every millisecond is read as written', () => {
  for (let ms = 0; ms < 1_000; ms += 1) {
    const text = `2026-06-15 23:59:59.${String(ms).padStart(3, '0')}+00`;
    expect((read(text) as Date).getMilliseconds()).toBe(ms);
  }
});
