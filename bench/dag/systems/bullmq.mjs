import { FlowProducer, Worker } from 'bullmq';
import { chain } from '../shapes.mjs';

const queueName = 'bench';

/** A node's children run before it, and each has one parent: a chain, and a fan that is joined, are all there is. */
const trees = {
  chain: (size) =>
    chain(size).reduce(
      (children, { name }) => ({
        name,
        queueName,
        data: {},
        ...(children === null ? {} : { children: [children] }),
      }),
      null,
    ),
  wide: (width) => ({
    name: 'join',
    queueName,
    data: {},
    children: Array.from({ length: width }, (_, at) => ({ name: `n${at}`, queueName, data: {} })),
  }),
};
const countOf = { chain: (size) => size, wide: (width) => width + 1 };

/** Nodes by second through one flow, from before it is added to the end of its last job or of the time allowed. */
export const measure = async (url, shape, size, secondsMost) => {
  const connection = { url, maxRetriesPerRequest: null };
  const producer = new FlowProducer({ connection });
  let done = 0;
  const count = countOf[shape](size);
  const worker = new Worker(queueName, async () => {}, { connection, concurrency: 100, autorun: false });
  const ended = new Promise((resolve) => {
    worker.on('completed', () => (done += 1) === count && resolve());
    setTimeout(resolve, secondsMost * 1_000).unref();
  });
  await worker.waitUntilReady();
  const before = performance.now();
  await producer.add(trees[shape](size));
  void worker.run();
  await ended;
  const took = (performance.now() - before) / 1000;
  return { nodesPerSecond: done / took, done };
};
