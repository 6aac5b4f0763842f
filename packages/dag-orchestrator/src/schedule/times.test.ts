import { expect, test } from 'vitest';
import { nextTimes, timesBetween, timesUpTo } from './times.ts';

const timeZone = 'Europe/Berlin';
/** Clocks go from 02:00 to 03:00 at 01:00 UTC on 2026-03-29, and from 03:00 to 02:00 at 01:00 UTC on 2026-10-25. */
const after = (cron: string, from: string, count: number) =>
  nextTimes({ cron, timeZone }, new Date(from), count).map((time) => time.toISOString().slice(5, 16));

test.each([
  ['30 2 * * *', ['03-29T01:00', '03-30T00:30'], 'a fixed time in the gap comes when the gap ends'],
  ['0,30 2 * * *', ['03-29T01:00', '03-30T00:00'], 'several fixed times in the gap come once, when it ends'],
  ['0 3 * * *', ['03-29T01:00', '03-30T01:00'], 'a time at the end of the gap is itself'],
  ['*/20 2 * * *', ['03-30T00:00', '03-30T00:20'], 'a step in the gap does not come on that day'],
  ['0 * * * *', ['03-29T00:00', '03-29T01:00'], 'every hour goes on in real time'],
])('spring, %s: %s', (cron, times) => {
  expect(after(cron, '2026-03-28T23:30:00Z', 2)).toEqual(times);
});

test.each([
  [
    '30 2 * * *',
    ['10-25T00:30', '10-26T01:30'],
    'a fixed time in the hour that comes twice comes at the first',
  ],
  [
    '*/30 2 * * *',
    ['10-25T00:00', '10-25T00:30', '10-25T01:00', '10-25T01:30'],
    'a step comes in both hours',
  ],
  ['0 * * * *', ['10-25T00:00', '10-25T01:00', '10-25T02:00'], 'every hour goes on in real time'],
])('autumn, %s: %s', (cron, times) => {
  expect(after(cron, '2026-10-24T23:30:00Z', times.length)).toEqual(times);
});

test('times up to a moment include it and go backwards over both changes of the clock', () => {
  const rule = { cron: '30 2 * * *', timeZone };
  const through = new Date('2026-10-26T01:30:00Z');
  expect(timesUpTo(rule, through, 2).map((time) => time.toISOString())).toEqual([
    '2026-10-25T00:30:00.000Z',
    '2026-10-26T01:30:00.000Z',
  ]);
  expect(timesUpTo(rule, new Date(through.getTime() - 1), 1)[0]?.toISOString()).toBe(
    '2026-10-25T00:30:00.000Z',
  );
});

test('forwards and backwards give the same times, also where the clock changes', () => {
  for (const cron of ['30 2 * * *', '*/20 2 * * *', '0 * * * *', '15 3 * * SUN', '0,30 1-3 * * *']) {
    for (const [from, to] of [
      ['2026-03-27T00:00:00Z', '2026-03-31T00:00:00Z'],
      ['2026-10-23T00:00:00Z', '2026-10-27T00:00:00Z'],
    ] as const) {
      const forwards = timesBetween({ cron, timeZone }, new Date(from), new Date(to), 1_000);
      const backwards = timesUpTo({ cron, timeZone }, new Date(to), forwards.length);
      expect(backwards, cron).toEqual(forwards);
    }
  }
});

test('times between two moments include both ends, and are bounded', () => {
  const rule = { cron: '0 3 * * *', timeZone: 'UTC' };
  const [from, to] = [new Date('2026-01-01T03:00:00Z'), new Date('2026-01-03T03:00:00Z')];
  expect(timesBetween(rule, from, to, 10)).toHaveLength(3);
  expect(timesBetween(rule, from, to, 2)).toHaveLength(2);
});
