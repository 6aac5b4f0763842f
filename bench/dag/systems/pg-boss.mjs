import { PgBoss } from 'pg-boss';
import { shapes } from '../shapes.mjs';

const name = 'bench';
const lanes = 4;
const batch = 500;

/**
 * Nodes by second through one `flow()`, from before the call to the last completion or to the end of the time allowed. Its
 * own resolver looks once a second at most, so it is driven by hand: whoever finds nothing to fetch resolves.
 */
export const measure = async (url, shape, size, secondsMost) => {
  const boss = new PgBoss({ connectionString: url, max: 25, supervise: false, schedule: false });
  boss.on('error', (error) => {
    throw error;
  });
  await boss.start();
  await boss.createQueue(name);
  const nodes = shapes[shape](size);
  const jobs = nodes.map(({ name: ref, needs }) => ({
    ref,
    name,
    data: {},
    dependsOn: needs.map((need) => nodes[need].name),
  }));
  const before = performance.now();
  const seconds = () => (performance.now() - before) / 1000;
  await boss.flow(jobs);
  let done = 0;
  let resolving = null;
  const lane = async () => {
    while (done < jobs.length && seconds() < secondsMost) {
      const fetched = await boss.fetch(name, { batchSize: batch });
      if (fetched.length === 0) {
        resolving ??= boss.resolveFlow().finally(() => (resolving = null));
        await resolving;
        continue;
      }
      await boss.complete(
        name,
        fetched.map(({ id }) => id),
      );
      done += fetched.length;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const took = seconds();
  await boss.stop({ graceful: false, close: true });
  return { nodesPerSecond: done / took, done };
};
