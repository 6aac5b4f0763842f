import type { Clock } from '@job-orchestrator/types';
import { longestWaitMs } from '../timing.ts';

/** When to look at each key again: one moment per key, one timer for all. */
export interface Agenda<Key> {
  /** Looks at `key` after `delayMs`, instead of when it was set before. */
  set(key: Key, delayMs: number): void;
  delete(key: Key): void;
  end(): void;
}

interface Entry<Key> {
  readonly key: Key;
  readonly atMs: number;
}

const sink = <Key>(heap: Entry<Key>[], start: number): void => {
  for (let at = start; ;) {
    let least = at;
    for (const child of [2 * at + 1, 2 * at + 2]) {
      if ((heap[child]?.atMs ?? Infinity) < (heap[least]?.atMs ?? Infinity)) least = child;
    }
    const [one, two] = [heap[at], heap[least]];
    if (least === at || !one || !two) return;
    [heap[at], heap[least]] = [two, one];
    at = least;
  }
};

const push = <Key>(heap: Entry<Key>[], entry: Entry<Key>): void => {
  let at = heap.push(entry) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent];
    if (!above || above.atMs <= entry.atMs) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = entry;
};

const pop = <Key>(heap: Entry<Key>[]): void => {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  heap[0] = last;
  sink(heap, 0);
};

/** An agenda that calls `due` for each key at its moment. Entries that were replaced are dropped when they surface. */
export const createAgenda = <Key>(clock: Clock, due: (key: Key) => void): Agenda<Key> => {
  const heap: Entry<Key>[] = [];
  const current = new Map<Key, Entry<Key>>();
  let armed: { readonly atMs: number; readonly cancel: () => void } | null = null;

  const arm = (): void => {
    while (heap[0] && current.get(heap[0].key) !== heap[0]) pop(heap);
    const first = heap[0];
    if (!first || (armed && armed.atMs <= first.atMs)) return;
    armed?.cancel();
    const nowMs = clock.monotonicMs();
    const atMs = Math.min(first.atMs, nowMs + longestWaitMs);
    armed = { atMs, cancel: clock.setTimer(atMs - nowMs, ring) };
  };
  const ring = (): void => {
    armed = null;
    const nowMs = clock.monotonicMs();
    for (let first = heap[0]; first && first.atMs <= nowMs; first = heap[0]) {
      pop(heap);
      if (current.get(first.key) !== first) continue;
      current.delete(first.key);
      due(first.key);
    }
    arm();
  };
  return {
    set: (key, delayMs) => {
      const entry = { key, atMs: clock.monotonicMs() + Math.max(0, delayMs) };
      current.set(key, entry);
      push(heap, entry);
      arm();
    },
    delete: (key) => void current.delete(key),
    end: () => {
      armed?.cancel();
      armed = null;
      heap.length = 0;
      current.clear();
    },
  };
};
