import { spawn } from 'node:child_process';
import type { PreparedCommand } from './command.ts';
import { shimArguments, type ShimTools } from './shim.ts';

export interface ShimLaunch {
  readonly folder: string;
  readonly bootId: string;
  readonly tools: ShimTools;
  readonly workingDirectory: string;
  readonly command: PreparedCommand;
}

/** `code` is that of the system (EAGAIN, E2BIG …). */
export type Spawned =
  | { readonly kind: 'spawned'; readonly ended: Promise<void> }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

/**
 * Starts the shim in a session of its own; it outlives us. `ended` resolves with the shim while we live.
 * Its streams go nowhere: the command's go to files, and a pipe would die with us.
 */
export const spawnShim = (launch: ShimLaunch): Promise<Spawned> =>
  new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void =>
      resolve({ kind: 'failed', code: error.code ?? 'unknown', message: error.message });
    try {
      const words = shimArguments(launch.folder, launch.bootId, launch.tools, launch.command.words);
      const child = spawn('/bin/sh', words, {
        detached: true,
        stdio: 'ignore',
        cwd: launch.workingDirectory,
        env: launch.command.environment,
      });
      const ended = new Promise<void>((done) => child.once('exit', () => done()));
      child.once('error', fail);
      child.once('spawn', () => resolve({ kind: 'spawned', ended }));
      child.unref();
    } catch (error) {
      fail(error as NodeJS.ErrnoException);
    }
  });
