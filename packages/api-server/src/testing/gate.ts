import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A FIFO: a program that reads it stands still until the test opens it. */
export interface Gate {
  /** Shell words that wait. */
  readonly wait: string;
  /** Resolves once the waiting program has gone on. */
  open(): Promise<void>;
}

export const makeGate = (folder: string, name: string): Gate => {
  const path = join(folder, name);
  execFileSync('mkfifo', [path]);
  return { wait: `read -r _ < '${path}'`, open: () => writeFile(path, '\n') };
};
