import { readFileSync } from 'node:fs';
import os from 'node:os';
import { onDatabase } from './server.mjs';

const versionOf = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')).version;

/** What the figures were measured on; the load at the start tells whether other work ran beside. */
export const describeMachine = () => ({
  cpu: os.cpus()[0].model,
  cores: os.availableParallelism(),
  memoryGiB: Math.round(os.totalmem() / 2 ** 30),
  os: `${os.type()} ${os.release()}`,
  loadAtStart: os.loadavg().map((load) => Number(load.toFixed(2))),
  at: new Date().toISOString(),
});

/** The version of a peer that is installed beside this benchmark. */
export const installedVersion = (name) => versionOf(`../node_modules/${name}/package.json`);

export const describeVersions = async (serverUrl) => ({
  'job-orchestrator': versionOf('../../packages/job-orchestrator/package.json'),
  'graphile-worker': installedVersion('graphile-worker'),
  'pg-boss': installedVersion('pg-boss'),
  postgresql: (await onDatabase(serverUrl, 'show server_version'))[0].server_version,
  node: process.versions.node,
});
