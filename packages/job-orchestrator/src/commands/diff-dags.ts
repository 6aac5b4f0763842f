import { diffDags } from '@job-orchestrator/dag-orchestrator';
import type { DagGraph } from '@job-orchestrator/types';
import { OrchestratorError } from '@job-orchestrator/types/errors';
import { given } from '../given.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { dataText, type Screen } from '../output/screen.ts';
import type { Cli, ProjectFlags, ServerFlags } from './cli.ts';
import { readDag } from './dag-files.ts';
import { withServer, type Session } from './session.ts';

export type DiffFlags = ServerFlags &
  ProjectFlags & { readonly file?: readonly string[]; readonly dagVersion?: readonly number[] };

interface Side {
  /** What it is called. */
  readonly title: string;
  readonly graph: DagGraph;
}

const readFile = async (file: string): Promise<Side> => ({ title: file, graph: (await readDag(file)).graph });

const readVersion = async (
  { client }: Session,
  name: string,
  project: string | undefined,
  version: number | undefined,
): Promise<Side & { readonly version: number }> => {
  const found = await client.getDag(name, given({ project, version }));
  const graph = found.graph as unknown as DagGraph;
  return { title: `version ${found.version}`, graph, version: found.version };
};

/** Two versions that are named, one and the newest, or the newest and the one before it. */
const readVersions = async (
  session: Session,
  name: string,
  { project, dagVersion = [] }: DiffFlags,
): Promise<readonly [Side, Side]> => {
  const after = await readVersion(session, name, project, dagVersion[1]);
  const before = dagVersion[0] ?? after.version - 1;
  if (before > 0) return [await readVersion(session, name, project, before), after];
  throw new OrchestratorError('invalid_input', `${name} has one version; there is none before it.`);
};

const tell = (screen: Screen, [before, after]: readonly [Side, Side]): number => {
  const changes = diffDags(before.graph, after.graph);
  for (const { text } of changes) screen.out(`${dataText(screen, text)}\n`);
  if (changes.length === 0) screen.note('nothing changed');
  return exitCodes.ok;
};

const tellNamed = (screen: Screen, sides: readonly [Side, Side]): number => {
  screen.note(`from ${sides[0].title} to ${sides[1].title}:`);
  return tell(screen, sides);
};

const usage = (): OrchestratorError =>
  new OrchestratorError(
    'invalid_input',
    'Give two files (-f OLD -f NEW), one file (-f FILE: what applying it would change), or the name of a DAG; with --dag-version, up to twice for a name and once for a file.',
  );

/**
 * `dag diff`: two files, without a server; a file against what the server has; or two versions. A line for each change,
 * nothing on stdout where nothing changed.
 */
export const diff = async (cli: Cli, name: string | undefined, flags: DiffFlags): Promise<number> => {
  const { file: [first, second, third] = [], dagVersion = [] } = flags;
  if (third !== undefined || dagVersion.length > 2) throw usage();
  if ((name === undefined) === (first === undefined)) throw usage();
  if (first === undefined)
    return withServer(cli, flags, async (session) =>
      tellNamed(session.screen, await readVersions(session, name!, flags)),
    );
  if (dagVersion.length > (second === undefined ? 1 : 0)) throw usage();
  const side = await readFile(first);
  if (second !== undefined) return tell(cli.screen, [side, await readFile(second)]);
  const { name: dag, project } = side.graph;
  return withServer(cli, flags, async (session) =>
    tellNamed(session.screen, [await readVersion(session, dag, project, dagVersion[0]), side]),
  );
};
