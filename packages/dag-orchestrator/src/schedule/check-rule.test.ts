import { expect, test } from 'vitest';
import { ruleProblems } from './check-rule.ts';

const now = new Date('2026-01-01T00:00:00Z');
const problemsOf = (cron: string, timeZone = 'UTC') => ruleProblems({ cron, timeZone }, now);

test.each([
  '* * * * *',
  '0 3 * * MON-FRI',
  '*/5 8-18 1,15 JAN-JUN *',
  '0 0 L * *',
  '0 0 * * FRI#2',
  '0 0 * * 7',
  '@daily',
  '@Hourly',
])('%s is understood', (cron) => {
  expect(problemsOf(cron)).toEqual([]);
});

test.each([
  ['0 25 * * *', 'field 2 (hour)', '  ^^'],
  ['60 * * * *', 'field 1 (minute)', '^^'],
  ['0 0 1 13 *', 'field 4 (month)', '      ^^'],
  ['0 3 * * THR', 'did you mean THU?', '        ^^^'],
  ['0 3 1 JUM *', 'did you mean JU', '      ^^^'],
  ['*/0 * * * *', 'field 1 (minute)', '^^^'],
  ['5-1 * * * *', 'field 1 (minute)', '^^^'],
  ['0 0 3 * * *', 'seconds are not supported', '          ^'],
  ['* * * *', 'it has 4', '^^^^^^^'],
  ['', 'it has 0', '^'],
  ['@dialy', 'did you mean @daily?', '^^^^^^'],
  ['@reboot', 'must be one of @hourly', '^^^^^^^'],
  ['0 0 30 2 *', 'never comes', '^^^^^^^^^^'],
])('%j is refused with its place', (cron, message, caret) => {
  const [problem, more] = problemsOf(cron);
  expect(more).toBeUndefined();
  expect(problem).toMatchObject({ field: 'cron', message: expect.stringContaining(message) });
  expect(problem?.excerpt).toBe(`${cron}\n${caret}`);
});

test('every wrong field is told at once', () => {
  expect(problemsOf('60 24 * * *', 'Mars/Base')).toHaveLength(3);
});

test.each([
  ['Europe/Berln', 'Europe/Berlin'],
  ['Berlin', 'Europe/Berlin'],
  ['New York', 'America/New_York'],
  ['UCT0', 'UTC'],
])('the time zone %s is refused, and %s is meant', (timeZone, meant) => {
  expect(problemsOf('@daily', timeZone)).toEqual([
    expect.objectContaining({
      field: 'timeZone',
      message: expect.stringContaining(`did you mean ${meant}?`),
    }),
  ]);
});

test('an offset is no time zone', () => {
  expect(problemsOf('@daily', '+02:00')).toHaveLength(1);
});

test('what is too long is refused before it is looked at', () => {
  expect(problemsOf('9'.repeat(300), 'x'.repeat(100))).toMatchObject([
    { field: 'cron', limit: 255 },
    { field: 'timeZone', limit: 64 },
  ]);
});
