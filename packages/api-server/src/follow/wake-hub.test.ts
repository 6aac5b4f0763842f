import type { WakeUp, WakeUps } from '@job-orchestrator/types';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPace } from './pace.ts';
import { createWakeHub } from './wake-hub.ts';

const createBell = () => {
  const listeners = new Set<(kind: WakeUp) => void>();
  const wakeUps: WakeUps = {
    send: (kind) => listeners.forEach((listener) => listener(kind)),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return { wakeUps, listeners };
};

const settledBy = async (work: Promise<void>, milliseconds: number): Promise<boolean> => {
  let settled = false;
  void work.then(() => {
    settled = true;
  });
  await vi.advanceTimersByTimeAsync(milliseconds);
  return settled;
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const forever = new AbortController().signal;

describe('wake hub', () => {
  it('waits its longest without a wake-up, and until the wake-up with one', async () => {
    const { wakeUps } = createBell();
    const hub = createWakeHub(wakeUps);
    const alone = hub.wait({ leastMs: 10, mostMs: 1_000 }, forever);
    expect(await settledBy(alone, 999)).toBe(false);
    expect(await settledBy(alone, 1)).toBe(true);
    const woken = hub.wait({ leastMs: 10, mostMs: 1_000 }, forever);
    await vi.advanceTimersByTimeAsync(500);
    wakeUps.send('finished');
    expect(await settledBy(woken, 0)).toBe(true);
  });

  it('never returns before its least time, however many wake-ups come', async () => {
    const { wakeUps } = createBell();
    const waiting = createWakeHub(wakeUps).wait({ leastMs: 100, mostMs: 1_000 }, forever);
    for (let count = 0; count < 50; count += 1) wakeUps.send('jobs');
    expect(await settledBy(waiting, 99)).toBe(false);
    expect(await settledBy(waiting, 1)).toBe(true);
  });

  it('returns at once when the signal aborts, before and while waiting', async () => {
    const hub = createWakeHub(createBell().wakeUps);
    const stop = new AbortController();
    const waiting = hub.wait({ leastMs: 100, mostMs: 1_000 }, stop.signal);
    stop.abort();
    expect(await settledBy(waiting, 0)).toBe(true);
    expect(await settledBy(hub.wait({ leastMs: 100, mostMs: 1_000 }, stop.signal), 0)).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('has one subscription for all streams, and none once closed', () => {
    const { wakeUps, listeners } = createBell();
    const hub = createWakeHub(wakeUps);
    void hub.wait({ leastMs: 1, mostMs: 2 }, forever);
    void hub.wait({ leastMs: 1, mostMs: 2 }, forever);
    expect(listeners.size).toBe(1);
    hub.close();
    expect(listeners.size).toBe(0);
  });
});

describe('pace', () => {
  it('looks ever more rarely while nothing happens, and soon again after something did', async () => {
    const hub = createWakeHub(createBell().wakeUps);
    const pace = createPace(hub, { leastPollMs: 100, pollMs: 300 }, forever);
    for (const milliseconds of [100, 150, 225, 300, 300]) {
      const resting = pace.rest();
      expect(await settledBy(resting, milliseconds - 1)).toBe(false);
      expect(await settledBy(resting, 1)).toBe(true);
    }
    pace.reset();
    expect(await settledBy(pace.rest(), 100)).toBe(true);
  });
});
