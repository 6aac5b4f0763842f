import { randomUUID } from 'node:crypto';
import { createClient, type Client } from '@job-orchestrator/client';
import { start, type Environment, type Running } from './binary.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

/** One installation under test: an address that stays, a token, and processes that come and go. */
export interface Installation {
  readonly client: Client;
  /** The environment of its command line tool. */
  readonly cli: Environment;
  /** Starts `api`, `executor`, `serve` or `dev` with the installation's environment; ended by `close`. */
  start(args: readonly string[], extra?: Environment): Running;
  /** Resolves once the API answers that it is ready. */
  ready(): Promise<void>;
  /** Kills what still runs, and fails if a process had ended by itself. */
  close(): Promise<void>;
}

/** `environment` says which database and which runtime. */
export const createInstallation = async (environment: Environment): Promise<Installation> => {
  const port = await freePort();
  const token = randomUUID();
  const server = `http://127.0.0.1:${port}`;
  const client = createClient({ server, token });
  const all: Running[] = [];
  const base = { API_LISTEN: `127.0.0.1:${port}`, API_TOKEN: token, ...environment };
  return {
    client,
    cli: { JOB_ORCHESTRATOR_SERVER: server, JOB_ORCHESTRATOR_TOKEN: token },
    start: (args, extra = {}) => {
      const running = start(args, { ...base, ...extra });
      all.push(running);
      return running;
    },
    ready: async () => {
      const died = () => all.find((running) => running.hasEnded() && !running.wasEnded());
      await eventually('the API is ready', 90, async () => {
        const dead = died();
        if (dead !== undefined) throw new Error(`a process ended by itself:\n${dead.log()}`);
        return (await client.readyz()).ready;
      });
    },
    close: async () => {
      const dead = all.filter((running) => running.hasEnded() && !running.wasEnded());
      await Promise.all(
        all.filter((running) => !running.hasEnded()).map((running) => running.end('SIGKILL')),
      );
      if (dead.length > 0)
        throw new Error(`a process ended by itself:\n${dead.map((one) => one.log()).join('\n')}`);
    },
  };
};
