import type { LogExtent, LogTail } from '@job-orchestrator/types';
import { expect, test } from 'vitest';
import { createLogItems } from './log-items.ts';
import { tellEndOf } from './stored-end.ts';

const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, index) => `this is line number ${from + index} of a long log\n`).join(
    '',
  );

const endOf = (log: string, most: number, totalBytes: number, extent: LogExtent): LogTail => ({
  bytes: Buffer.from(log).subarray(-most),
  totalBytes,
  extent,
});

/** What a reader hears of a stored end that was told `told` of the log before. */
const heard = (told: string, stored: LogTail): string => {
  const items = createLogItems(1, 0);
  const before = [...items.text(Buffer.from(told))].length;
  const after = [...tellEndOf(items, stored), ...items.flush()];
  expect(before).toBe(told === '' ? 0 : 1);
  return after
    .map((item) => {
      if (item.kind === 'gap') return `<${item.atLeast ? '≥' : ''}${item.bytes ?? '?'}>`;
      return item.kind === 'text' ? item.text : '';
    })
    .join('');
};

const whole = lines(0, 100);

test('of a log whose length is known: what was not told, or the hole and the end', () => {
  expect(heard(whole.slice(0, 4_000), endOf(whole, 1_000, whole.length, 'exact'))).toBe(whole.slice(4_000));
  const hole = whole.length - 1_000 - 100;
  expect(heard(whole.slice(0, 100), endOf(whole, 1_000, whole.length, 'exact'))).toBe(
    `<${hole}>${whole.slice(-1_000)}`,
  );
});

test('of a log with more than was counted: by what was told last, wherever that stands', () => {
  const end = endOf(whole, 1_000, 1_200, 'at_least');
  expect(heard(whole.slice(0, -300), end)).toBe(whole.slice(-300));
  expect(heard(whole, end)).toBe('');
  expect(heard(whole.slice(0, 100), end)).toBe(`<≥100>${whole.slice(-1_000)}`);
  expect(heard(whole.slice(0, 2_000), end)).toBe(`<?>${whole.slice(-1_000)}`);
});

test('of a log whose beginning was rotated away unseen: places that do not agree are not trusted', () => {
  const newest = lines(70, 100);
  expect(heard(lines(0, 5), endOf(newest, 65_536, newest.length, 'exact'))).toBe(`<?>${newest}`);
});

test('of a log that repeats itself: what was told last says where it goes on only at its counted place', () => {
  const same = 'the same line again and again\n'.repeat(100);
  expect(heard(same.slice(0, 2_400), endOf(same, 1_000, same.length, 'exact'))).toBe(same.slice(2_400));
  expect(heard(same, endOf(same, 1_000, 1_500, 'at_least'))).toBe('');
  expect(heard(same.slice(0, 311), endOf(same, 1_000, 1_500, 'at_least'))).toBe(
    `<≥189>${same.slice(-1_000)}`,
  );
});

test('of a log whose end could not be read: both holes', () => {
  expect(heard('', endOf(whole, 50, 50, 'end_missing'))).toBe(`<?>${whole.slice(-50)}<?>`);
  expect(heard('told', endOf('', 50, 0, 'end_missing'))).toBe('<?>');
});
