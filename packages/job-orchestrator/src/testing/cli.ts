import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createClient, type Client } from '@job-orchestrator/client';
import { afterAll, beforeAll } from 'vitest';
import { readServerFile, readToken } from '../discovery/data-folder.ts';

const binary = fileURLToPath(new URL('../../bin/job-orchestrator.js', import.meta.url));

/** What a finished command left. `code` null: a signal ended it. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** What it has written so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
}

/** Ours alone: nothing of the surroundings may lead a test to another server or database. */
const cleanEnvironment = (dataDir: string, more: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  HOME: dataDir,
  DATA_DIR: dataDir,
  ...more,
});

/** Starts the real binary on a data folder. */
export const start = (
  dataDir: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Running => {
  const env = cleanEnvironment(dataDir, environment);
  const child = spawn(process.execPath, [binary, ...words], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const finished = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  return { child, finished, stdout: () => stdout, stderr: () => stderr };
};

/** Runs the real binary to its end, with `input` on its standard input. */
export const run = (dataDir: string, words: readonly string[], input = ''): Promise<Finished> => {
  const running = start(dataDir, words);
  running.child.stdin?.end(input);
  return running.finished;
};

/** Waits until a condition holds; fails after `timeoutMs` with what it waited for. */
export const until = async (
  what: string,
  holds: () => Promise<boolean> | boolean,
  timeoutMs = 20_000,
): Promise<void> => {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await delay(25);
  }
};

/** Starts `dev` on a folder and waits until it serves. */
export const startDev = async (
  dataDir: string,
  words: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<Running> => {
  const dev = start(dataDir, ['dev', '--port', '0', ...words], environment);
  const isUp = async (): Promise<boolean> => {
    if (dev.child.exitCode !== null) throw new Error(`dev ended: ${dev.stderr()}`);
    const announced = (await readServerFile(dataDir))?.pid === dev.child.pid;
    return announced && dev.stderr().includes('Ctrl-C stops it');
  };
  await until('dev to serve', isUp, 30_000);
  return dev;
};

/** Ends a `dev` as Ctrl-C does. */
export const stopDev = async (dev: Running): Promise<Finished> => {
  dev.child.kill('SIGINT');
  return dev.finished;
};

/** A client of the `dev` that serves a folder: cheaper to wait with than a command. */
export const clientOf = async (dataDir: string): Promise<Client> => {
  const server = await readServerFile(dataDir);
  return createClient({ server: server?.url ?? '', token: await readToken(dataDir) });
};

/** A `dev` on a folder of its own, for all tests of a file. */
export interface DevSite {
  readonly folder: string;
  readonly client: Client;
  readonly running: Running;
  /** A path within the folder. */
  path(name: string): string;
  /** Runs a command against it. */
  jo(this: void, ...words: string[]): Promise<Finished>;
}

/** Starts a `dev` before the tests of a file and stops it after them; `prepare` runs once it serves. */
export const useDev = (prepare?: (site: DevSite) => Promise<unknown>): DevSite => {
  let [folder, running, client]: [string, Running | null, Client | null] = ['', null, null];
  const site: DevSite = {
    get folder() {
      return folder;
    },
    get client() {
      return client!;
    },
    get running() {
      return running!;
    },
    path: (name) => join(folder, name),
    jo: (...words) => run(folder, words),
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'jo-cli-'));
    running = await startDev(folder);
    client = await clientOf(folder);
    await prepare?.(site);
  });
  afterAll(async () => {
    if (running !== null) await stopDev(running);
    await rm(folder, { recursive: true, force: true });
  });
  return site;
};
