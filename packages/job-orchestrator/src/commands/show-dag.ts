import { given } from '../given.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { writeValue } from '../output/format.ts';
import type { Cli, FormatFlags, ProjectFlags, ServerFlags } from './cli.ts';
import { withServer } from './session.ts';

export type ShowFlags = ServerFlags & FormatFlags & ProjectFlags & { readonly dagVersion?: number };

/** `dag show NAME`: the definition as it was applied, as YAML; `-o json` gives the compiled graph, too. */
export const showDag = (cli: Cli, name: string, flags: ShowFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const dag = await client.getDag(name, given({ project: flags.project, version: flags.dagVersion }));
    if (flags.format === 'name') screen.out(`dag/${dag.name}\n`);
    else if (flags.format === 'json') await writeValue(screen, 'json', dag);
    else await writeValue(screen, 'yaml', dag.document);
    screen.note(`version ${dag.version}, applied ${dag.createdAt} by ${dag.createdBy}`);
    return exitCodes.ok;
  });
