import { given } from '../given.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { writeList, writeValue } from '../output/format.ts';
import { dagStory } from '../views/dag-story.ts';
import { versionsView } from '../views/dag-views.ts';
import type { Cli, FormatFlags, ProjectFlags, ServerFlags } from './cli.ts';
import { noteNext, type PageFlags } from './get.ts';
import { withServer } from './session.ts';

export type DagFlags = ServerFlags & FormatFlags & ProjectFlags;
export type ShowFlags = DagFlags & { readonly dagVersion?: number };
export type VersionsFlags = DagFlags & PageFlags;

/** `dag show NAME`: the definition as it was applied, as YAML; `-o json` gives the compiled graph, too. */
export const showDag = (cli: Cli, name: string, flags: ShowFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const dag = await client.getDag(name, given({ project: flags.project, version: flags.dagVersion }));
    if (flags.format === 'name') screen.out(`dag/${dag.name}\n`);
    else if (flags.format === 'json') await writeValue(screen, 'json', dag);
    else await writeValue(screen, 'yaml', dag.document);
    screen.note(`version ${dag.version}, applied ${dag.createdAt} by ${dag.createdBy}`);
    if (dag.deletedAt !== null) screen.note(`the DAG was deleted at ${dag.deletedAt}`);
    return exitCodes.ok;
  });

/** `describe dag NAME`: what it takes, gives and runs, and its last runs. */
export const describeDag = (cli: Cli, name: string, flags: ShowFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const { project, dagVersion: version, format } = flags;
    const dag = await client.getDag(name, given({ project, version }));
    const { items: runs } = await client.listDagRuns({ project: dag.project, dag: name, limit: 5 });
    if (format === 'json' || format === 'yaml') await writeValue(screen, format, { ...dag, runs });
    else if (format === 'name') screen.out(`dag/${dag.name}\n`);
    else
      screen.out(
        dagStory({ dag, runs }, new Date(), screen.outColours, Math.min(screen.outStyle.columns, 120)),
      );
    screen.note(`as it was applied: job-orchestrator dag show ${dag.name}`);
    return exitCodes.ok;
  });

/** `dag versions NAME`: newest first. */
export const listVersions = (cli: Cli, name: string, flags: VersionsFlags): Promise<number> =>
  withServer(cli, flags, async (session) => {
    const { project, limit, cursor, format } = flags;
    const page = await session.client.listDagVersions(name, given({ project, limit, cursor }));
    await writeList(session.screen, format, versionsView(name, new Date()), page.items);
    noteNext(session.screen, page.next);
    return exitCodes.ok;
  });

/** `dag delete NAME`. */
export const deleteDag = (cli: Cli, name: string, flags: DagFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const deleted = await client.deleteDag(name, given({ project: flags.project }));
    const { format } = flags;
    if (format === 'json' || format === 'yaml') await writeValue(screen, format, deleted);
    else screen.out(`dag/${name}${format === 'name' ? '' : ' deleted; its versions and runs stay'}\n`);
    return exitCodes.ok;
  });
