import { createClient, type Client } from '@job-orchestrator/client';
import { isOrchestratorError } from '@job-orchestrator/types/errors';
import {
  explainUnauthorized,
  explainUnreachable,
  findServer,
  type FoundServer,
} from '../discovery/find-server.ts';
import type { Screen } from '../output/screen.ts';
import { dataDirOf, type Cli, type ServerFlags } from './cli.ts';

/** A command's talk with one server. */
export interface Session {
  readonly client: Client;
  readonly screen: Screen;
  readonly server: FoundServer;
}

/** Milliseconds after which a person wonders whether anything happens. */
const slowMs = 2_000;

/** Says once that the server takes its time. */
const sayThatItWaits = (screen: Screen, url: string): (() => void) => {
  let said = false;
  return () => {
    if (!said) screen.note(`waiting for an answer of ${url}`);
    said = true;
  };
};

/** Finds the server, does the work with it, and explains its silence where the data folder knows more. */
export const withServer = async (
  cli: Cli,
  flags: ServerFlags,
  work: (session: Session) => Promise<number>,
): Promise<number> => {
  const dataDir = dataDirOf(flags, cli.environment);
  const server = await findServer({ ...flags, dataDir }, cli.environment);
  const client = createClient({
    server: server.url,
    token: server.token,
    slow: { afterMs: slowMs, tell: sayThatItWaits(cli.screen, server.url) },
  });
  try {
    return await work({ client, screen: cli.screen, server });
  } catch (error) {
    if (!isOrchestratorError(error)) throw error;
    throw explainUnauthorized(explainUnreachable(error, server, dataDir), server);
  }
};
