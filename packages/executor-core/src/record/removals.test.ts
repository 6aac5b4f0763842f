import { expect, test } from 'vitest';
import { createRemovals, removable, removalsWaitMost } from './removals.ts';

/** Removals that end when the test says so. */
const heldRemovals = () => {
  const started: string[] = [];
  const finish: (() => void)[] = [];
  const removal = (name: string) => (): Promise<void> => {
    started.push(name);
    return new Promise((resolve) => void finish.push(resolve));
  };
  const finishNext = async (): Promise<void> => {
    finish.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { started, removal, finishNext };
};

test('removals wait for launches, and begin when the last one has ended', () => {
  const launches = { left: 1 };
  const { started, removal } = heldRemovals();
  const removals = createRemovals({ concurrency: 8, launching: () => launches.left });
  ['a', 'b'].forEach((name) => removals.add(removal(name)));
  expect([started, removals.size()]).toEqual([[], 2]);
  launches.left = 0;
  removals.begin();
  expect(started).toEqual(['a', 'b']);
});

test('no more than allowed go on at once, oldest first, and none begins after the end', async () => {
  const { started, removal, finishNext } = heldRemovals();
  const removals = createRemovals({ concurrency: 2, launching: () => 0 });
  ['a', 'b', 'c', 'd'].forEach((name) => removals.add(removal(name)));
  expect(started).toEqual(['a', 'b']);
  await finishNext();
  expect(started).toEqual(['a', 'b', 'c']);
  removals.end();
  await finishNext();
  await finishNext();
  expect([started, removals.size()]).toEqual([['a', 'b', 'c'], 0]);
});

test('what is more than may wait is removed beside the launches', async () => {
  const { started, removal, finishNext } = heldRemovals();
  const removals = createRemovals({ concurrency: 8, launching: () => 5 });
  for (let each = 0; each < removalsWaitMost; each += 1) removals.add(removal(`old ${each}`));
  expect(started).toEqual([]);
  ['one', 'two'].forEach((name) => removals.add(removal(name)));
  expect(started).toEqual(['old 0', 'old 1']);
  await finishNext();
  expect(removals.size()).toBe(removalsWaitMost + 1);
});

test('without launches everything may go; with one, what is more than may wait', () => {
  expect(removable(7, 0)).toBe(7);
  expect(removable(7, 1)).toBe(0);
  expect(removable(removalsWaitMost + 3, 1)).toBe(3);
});
