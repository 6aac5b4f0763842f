import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createDatabase, dropDatabase } from './server.mjs';
import { median } from './statistics.mjs';

const exec = promisify(execFile);
export const systems = ['job-orchestrator', 'graphile-worker', 'pg-boss'];
const script = fileURLToPath(new URL('run-one.mjs', import.meta.url));

const runOne = async (serverUrl, system, workload, count) => {
  const url = await createDatabase(serverUrl);
  const { stdout } = await exec(process.execPath, [script, system, workload, url, String(count)], {
    maxBuffer: 2 ** 24,
  });
  await dropDatabase(serverUrl, url);
  return JSON.parse(stdout);
};

/** All results of a workload by system. Rounds are interleaved, so that a slow minute of the machine hits all alike. */
export const measure = async (serverUrl, workload, count, rounds, who = systems) => {
  const results = Object.fromEntries(who.map((system) => [system, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const system of who) {
      results[system].push(await runOne(serverUrl, system, workload, count));
      process.stderr.write('.');
    }
  }
  return results;
};

/** The median of one field over the rounds, by system. */
export const mediansOf = (results, field) =>
  Object.fromEntries(
    Object.entries(results).map(([system, rounds]) => [system, median(rounds.map((one) => one[field]))]),
  );
