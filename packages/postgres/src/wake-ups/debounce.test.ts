import type { WakeUp } from '@job-orchestrator/types';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { debounce } from './debounce.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What is delivered of `kind`, sent three times at once, then and after so many milliseconds. */
const deliveredAfter = (kind: WakeUp, ms: number): readonly [atOnce: number, later: number] => {
  const delivered: WakeUp[] = [];
  const { send, stop } = debounce((each) => delivered.push(each));
  for (let sent = 0; sent < 3; sent += 1) send(kind);
  const atOnce = delivered.length;
  vi.advanceTimersByTime(ms);
  const later = delivered.length;
  stop();
  return [atOnce, later];
};

test('the first wake-up goes at once, and what was asked for meanwhile is one more at the end of the window', () => {
  expect(deliveredAfter('jobs', 49)).toEqual([1, 1]);
  expect(deliveredAfter('jobs', 50)).toEqual([1, 2]);
  expect(deliveredAfter('jobs', 500)).toEqual([1, 2]);
});

test('what happens in DAGs is told every 5 ms, for nodes wait for those before them', () => {
  expect(deliveredAfter('dags', 4)).toEqual([1, 1]);
  expect(deliveredAfter('dags', 5)).toEqual([1, 2]);
});

test('what is held back goes when the sender stops', () => {
  const delivered: WakeUp[] = [];
  const { send, stop } = debounce((each) => delivered.push(each));
  send('finished');
  send('finished');
  stop();
  vi.advanceTimersByTime(500);
  expect(delivered).toEqual(['finished', 'finished']);
});
