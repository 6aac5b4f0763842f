import { isOrchestratorError } from '@job-orchestrator/types/errors';
import { exitCodes } from '../output/exit-codes.ts';
import { writeValue } from '../output/format.ts';
import { version } from '../version.ts';
import type { Cli, FormatFlags, ServerFlags } from './cli.ts';
import { withServer } from './session.ts';

interface Versions {
  readonly client: string;
  readonly node: string;
  readonly server: {
    readonly url: string;
    readonly version: string;
    readonly runtime: string;
    readonly database: string;
  } | null;
}

const serverVersion = async (cli: Cli, flags: ServerFlags): Promise<Versions['server']> => {
  let found: Versions['server'] = null;
  await withServer(cli, flags, async ({ client, server }) => {
    const { version: itsVersion, runtime, database } = await client.installation();
    found = { url: server.url, version: itsVersion, runtime, database };
    return exitCodes.ok;
  });
  return found;
};

const askServer = async (cli: Cli, flags: ServerFlags): Promise<Versions['server']> => {
  try {
    return await serverVersion(cli, flags);
  } catch (error) {
    if (!isOrchestratorError(error)) throw error;
    cli.screen.note(`the server could not be asked: ${error.message}`);
    return null;
  }
};

/** `version`: of this program, and of the server where one answers. */
export const showVersion = async (
  cli: Cli,
  flags: ServerFlags & FormatFlags & { readonly client?: boolean },
): Promise<number> => {
  const server = flags.client === true ? null : await askServer(cli, flags);
  const versions: Versions = { client: version, node: process.versions.node, server };
  if (flags.format === 'json' || flags.format === 'yaml')
    await writeValue(cli.screen, flags.format, versions);
  else {
    cli.screen.out(`job-orchestrator ${version} (Node ${versions.node})\n`);
    if (server !== null)
      cli.screen.out(`server ${server.version} at ${server.url} (${server.runtime}, ${server.database})\n`);
  }
  return exitCodes.ok;
};
