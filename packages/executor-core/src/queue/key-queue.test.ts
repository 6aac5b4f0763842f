import { expect, test } from 'vitest';
import { createKeyQueue } from './key-queue.ts';

/** Work that ends when the test says so. */
const heldWork = () => {
  const started: string[] = [];
  const finish: (() => void)[] = [];
  const work = (key: string): Promise<void> => {
    started.push(key);
    return new Promise((resolve) => void finish.push(resolve));
  };
  const finishNext = async (): Promise<void> => {
    finish.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { started, work, finishNext };
};

test('a key that is added many times while it waits is worked on once', async () => {
  const { started, work, finishNext } = heldWork();
  const queue = createKeyQueue(1, work);
  ['a', 'b', 'b', 'b'].forEach((key) => queue.add(key));
  await finishNext();
  await finishNext();
  expect(started).toEqual(['a', 'b']);
  expect(queue.size()).toBe(0);
});

test('a key that is added while it is worked on is worked on once more, and never twice at a time', async () => {
  const { started, work, finishNext } = heldWork();
  const queue = createKeyQueue(8, work);
  ['a', 'a', 'a'].forEach((key) => queue.add(key));
  expect(started).toEqual(['a']);
  await finishNext();
  expect(started).toEqual(['a', 'a']);
  await finishNext();
  expect(queue.size()).toBe(0);
});

test('no more keys than allowed are worked on at once, in the order they came', async () => {
  const { started, work, finishNext } = heldWork();
  const queue = createKeyQueue(2, work);
  ['a', 'b', 'c', 'd'].forEach((key) => queue.add(key));
  expect(started).toEqual(['a', 'b']);
  await finishNext();
  expect(started).toEqual(['a', 'b', 'c']);
});

test('after its end nothing new is begun', async () => {
  const { started, work, finishNext } = heldWork();
  const queue = createKeyQueue(1, work);
  ['a', 'b', 'a'].forEach((key) => queue.add(key));
  queue.end();
  queue.add('c');
  await finishNext();
  expect(started).toEqual(['a']);
  expect(queue.size()).toBe(0);
});

test('who waits for a key is told once it was worked on, its turn again included, and at the end of the queue', async () => {
  const { work, finishNext } = heldWork();
  const queue = createKeyQueue(1, work);
  const told: string[] = [];
  const wait = (key: string): void => void queue.addAndWait(key).then(() => told.push(key));
  wait('a');
  queue.add('a');
  await finishNext();
  expect(told).toEqual([]);
  await finishNext();
  expect(told).toEqual(['a']);
  wait('b');
  wait('c');
  queue.end();
  await finishNext();
  expect(told.toSorted()).toEqual(['a', 'b', 'c']);
  await queue.addAndWait('d');
});

test('it tells whenever nothing is left', async () => {
  const { work, finishNext } = heldWork();
  const rests = { seen: 0 };
  const queue = createKeyQueue(1, work, () => (rests.seen += 1));
  ['a', 'b'].forEach((key) => queue.add(key));
  await finishNext();
  expect(rests.seen).toBe(0);
  await finishNext();
  expect([rests.seen, queue.size()]).toEqual([1, 0]);
});
