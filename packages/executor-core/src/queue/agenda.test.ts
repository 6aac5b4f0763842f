import type { Clock } from '@job-orchestrator/types';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createVirtualClock } from '../testing/clock/virtual-clock.ts';
import { createAgenda } from './agenda.ts';

const setUp = () => {
  const clock = createVirtualClock();
  const rung: string[] = [];
  const agenda = createAgenda<string>(clock, (key) => void rung.push(`${key}@${clock.monotonicMs()}`));
  return { clock, rung, agenda };
};

test('each key rings once, at the moment that was set last', () => {
  const { clock, rung, agenda } = setUp();
  agenda.set('a', 100);
  agenda.set('b', 50);
  agenda.set('a', 20);
  agenda.set('b', 70);
  clock.advance(1_000);
  expect(rung).toEqual(['a@20', 'b@70']);
});

test('a deleted key does not ring, and nothing rings after the end', () => {
  const { clock, rung, agenda } = setUp();
  agenda.set('a', 10);
  agenda.set('b', 20);
  agenda.delete('a');
  clock.advance(30);
  agenda.set('c', 10);
  agenda.end();
  clock.advance(30);
  expect(rung).toEqual(['b@20']);
});

test('no timer is longer than an hour, and a moment months away is met all the same', () => {
  const clock = createVirtualClock();
  const delays: number[] = [];
  const setTimer: Clock['setTimer'] = (delayMs, callback) => {
    delays.push(delayMs);
    return clock.setTimer(delayMs, callback);
  };
  const rung: string[] = [];
  const agenda = createAgenda<string>({ ...clock, setTimer }, (key) => {
    rung.push(`${key}@${clock.monotonicMs()}`);
  });
  agenda.set('far', 2 ** 31 + 5);
  agenda.set('near', 3_600_001);
  clock.advance(2 ** 31 + 4);
  expect(rung).toEqual(['near@3600001']);
  clock.advance(1);
  expect(rung).toEqual(['near@3600001', `far@${2 ** 31 + 5}`]);
  expect(Math.max(...delays)).toBe(3_600_000);
  expect(delays.length).toBeLessThan(602);
});

test('any sequence of settings rings like a plain map of moments would', () => {
  const setting = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), delayMs: fc.nat(500) });
  const property = fc.property(fc.array(setting, { maxLength: 40 }), (settings) => {
    const { clock, rung, agenda } = setUp();
    const moments = new Map<string, number>();
    for (const { key, delayMs } of settings) {
      agenda.set(key, delayMs);
      moments.set(key, delayMs);
    }
    clock.advance(500);
    const expected = [...moments].map(([key, atMs]) => `${key}@${atMs}`);
    return rung.toSorted().join() === expected.toSorted().join();
  });
  expect(fc.check(property).counterexample).toBeNull();
});
