import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A FIFO: a program that reads it stands still until the test opens the gate. */
export interface Gate {
  /** Shell words that wait for the gate. */
  readonly wait: string;
  /** Resolves once the waiting program has gone on. */
  open(): Promise<void>;
}

export const makeGate = (folder: string, name = 'gate'): Gate => {
  const path = join(folder, name);
  execFileSync('mkfifo', [path]);
  const open = (): Promise<void> => writeFile(path, '\n').catch(againWhereNobodyRead);
  // A shell whose open() a signal interrupts opens once more; who wrote in between has written to nobody.
  const againWhereNobodyRead = (error: NodeJS.ErrnoException): Promise<void> => {
    if (error.code !== 'EPIPE') throw error;
    return open();
  };
  return { wait: `read -r _ < '${path}'`, open };
};
