import pg from 'pg';
import { migratePostgres } from '../../packages/postgres/dist/index.js';
import { createDatabase, dropDatabase, onDatabase } from './server.mjs';
import { median } from './statistics.mjs';
import { drainLanes, enqueue, hold, log, open } from './systems/job-orchestrator.mjs';

const jobsPerRound = 10_000;

const prepare = async (serverUrl) => {
  const url = await createDatabase(serverUrl);
  await migratePostgres({ url, log });
  const database = await open(url);
  return { url, database, lease: await hold(database), rates: [] };
};

/** Fills and drains one round in batches of 20; only the draining is timed. */
const round = async ({ url, database, lease, rates }) => {
  await enqueue(database, jobsPerRound);
  await onDatabase(url, 'analyze');
  const before = performance.now();
  const finished = await drainLanes(database, lease.owner, 4, 20);
  if (finished !== jobsPerRound) throw new Error(`${finished} of ${jobsPerRound} jobs were finished`);
  rates.push(jobsPerRound / ((performance.now() - before) / 1000));
};

const holdSnapshot = async (url) => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('begin isolation level repeatable read');
  await client.query('select count(*) from pg_class');
  return () => client.end();
};

const close = async (serverUrl, { url, database, lease }) => {
  lease.release();
  await database.close();
  await dropDatabase(serverUrl, url);
};

/**
 * Rounds in two databases in turns, one of them with another session's snapshot held open for `seconds`; jobs per
 * second of the last third of the rounds, where the snapshot is oldest.
 */
export const measureHeldSnapshot = async (serverUrl, seconds) => {
  const control = await prepare(serverUrl);
  const held = await prepare(serverUrl);
  const release = await holdSnapshot(held.url);
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    await round(control);
    await round(held);
  }
  await release();
  await close(serverUrl, control);
  await close(serverUrl, held);
  const late = (rates) => median(rates.slice(-Math.max(1, Math.floor(rates.length / 3))));
  return { control: late(control.rates), held: late(held.rates), rounds: held.rates.length };
};
