import { migratePostgres } from '../../packages/postgres/dist/index.js';
import { createDatabase, dropDatabase, settle } from './server.mjs';
import { median } from './statistics.mjs';
import { claim, enqueue, hold, log, open } from './systems/job-orchestrator.mjs';

const fillTo = async (serverUrl, pending) => {
  const url = await createDatabase(serverUrl);
  await migratePostgres({ url, log });
  const database = await open(url);
  for (let done = 0; done < pending; done += 10_000)
    await enqueue(database, Math.min(10_000, pending - done));
  await settle(url);
  return { url, database, lease: await hold(database), times: [] };
};

const timeClaim = async ({ database, lease, times }) => {
  const before = performance.now();
  await claim(database, lease.owner, 5);
  times.push(performance.now() - before);
};

const close = async (serverUrl, { url, database, lease }) => {
  lease.release();
  await database.close();
  await dropDatabase(serverUrl, url);
};

/** Median milliseconds of a claim of 5 jobs at 1,000 and at `many` pending ones, measured in turns. */
export const measureClaimCost = async (serverUrl, many) => {
  const few = await fillTo(serverUrl, 1_000);
  const full = await fillTo(serverUrl, many);
  for (let turn = 0; turn < 100; turn += 1) {
    await timeClaim(few);
    await timeClaim(full);
  }
  await close(serverUrl, few);
  await close(serverUrl, full);
  return { few: median(few.times), many: median(full.times) };
};
