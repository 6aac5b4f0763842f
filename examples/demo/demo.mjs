// `npm run demo`: an embedded orchestrator in a fresh folder, a DAG of real jobs, and what became of them.
// Everything goes through the command line that you would use yourself; each command is shown before it runs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const binary = join(root, 'packages/job-orchestrator/bin/job-orchestrator.js');
const say = (text) => process.stdout.write(`${text}\n`);

/** Settings of the surroundings must not lead the demo to another server, database or folder. */
const environment = (dataDir) => {
  const foreign = /^(DATABASE_|EXECUTOR_|API_|COLLECTOR_|JOB_ORCHESTRATOR_|K8S_|LOG_)/;
  const own = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return { ...Object.fromEntries(own), DATA_DIR: dataDir };
};

/** Runs one command with its output shown; fails where its exit code is not the expected one. */
const command = async (env, ...words) => {
  say(`\n$ job-orchestrator ${words.map((word) => (/\s/.test(word) ? `'${word}'` : word)).join(' ')}`);
  const child = spawn(process.execPath, [binary, ...words], { cwd: root, env, stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`it ended with exit code ${code}`);
};

/** The job of a node in the newest run. */
const jobOf = async (env, node) => {
  const child = spawn(process.execPath, [binary, 'get', 'nodes', '@latest', '-o', 'json'], {
    cwd: root,
    env,
  });
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  await once(child, 'close');
  const nodes = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  return nodes.find(({ name }) => name === node).jobId.slice(-8);
};

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Starts `dev` and waits until it serves. */
const startDev = async (env, dataDir) => {
  say('$ job-orchestrator dev --port 0');
  const child = spawn(process.execPath, [binary, 'dev', '--port', '0'], { cwd: root, env, stdio: 'inherit' });
  const ended = once(child, 'exit');
  while (child.exitCode === null && !existsSync(join(dataDir, 'server.json'))) await pause(50);
  if (child.exitCode !== null) throw new Error('dev did not start');
  return { child, ended };
};

const showRun = async (env) => {
  await command(env, 'image', 'add', 'node', 'node', '--', 'node');
  await command(env, 'dag', 'apply', '-f', 'examples/demo/harbour-log.yaml');
  await command(env, 'dag', 'run', 'harbour-log', '--watch');
  await command(env, 'get', 'nodes', '@latest');
  const tides = await jobOf(env, 'tides');
  await command(env, 'logs', tides, '--attempt', '1');
  await command(env, 'logs', tides);
};

const main = async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'job-orchestrator-demo-'));
  const env = environment(dataDir);
  const dev = await startDev(env, dataDir);
  try {
    await showRun(env);
  } finally {
    say('\n^C');
    dev.child.kill('SIGINT');
    await dev.ended;
    await rm(dataDir, { recursive: true, force: true });
  }
  say(
    '\nThat was all real. Your own: job-orchestrator dev, and in another terminal job-orchestrator run hello -- echo "Hello".',
  );
};

await main();
