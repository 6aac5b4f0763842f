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

/** Finds the server, does the work with it, and explains its silence where the data folder knows more. */
export const withServer = async (
  cli: Cli,
  flags: ServerFlags,
  work: (session: Session) => Promise<number>,
): Promise<number> => {
  const dataDir = dataDirOf(flags, cli.environment);
  const server = await findServer({ ...flags, dataDir }, cli.environment);
  const client = createClient({ server: server.url, token: server.token });
  try {
    return await work({ client, screen: cli.screen, server });
  } catch (error) {
    if (!isOrchestratorError(error)) throw error;
    throw explainUnauthorized(explainUnreachable(error, server, dataDir), server);
  }
};
