import {
  renderDot,
  renderMermaid,
  renderSvg,
  type NodeMark,
  type NodeMarks,
} from '@job-orchestrator/dag-orchestrator';
import { invalidInput, type DagGraph, type NodeRunDto } from '@job-orchestrator/types';
import { exitCodes } from '../output/exit-codes.ts';
import { dataText } from '../output/screen.ts';
import { between } from '../output/times.ts';
import { itemsText } from '../views/node-line.ts';
import type { Cli, ServerFlags } from './cli.ts';
import { readDag } from './dag-files.ts';
import { allNodes } from './read-nodes.ts';
import { withServer } from './session.ts';

export interface RenderFlags extends ServerFlags {
  readonly file?: string;
  readonly run?: string;
  /** Not the format of `-o`: a picture has its own languages. */
  readonly format: 'svg' | 'mermaid' | 'dot';
}

const renderers = { svg: renderSvg, mermaid: renderMermaid, dot: renderDot };

const noteOf = (node: NodeRunDto, now: Date): string => {
  const ran = node.startedAt === null ? '' : between(node.startedAt, node.finishedAt, now);
  const tries = (node.attempt ?? 0) > 1 ? `${node.attempt} attempts` : '';
  const words = [ran, itemsText(node), tries].filter((word) => word !== '').join(', ');
  return words === '' ? (node.reason ?? '').replaceAll('_', ' ') : words;
};

const marksOf = (nodes: readonly NodeRunDto[]): NodeMarks => {
  const now = new Date();
  const own = nodes.filter(({ item }) => item === null);
  return new Map(
    own.map((node): [string, NodeMark] => [node.name, { state: node.state, note: noteOf(node, now) }]),
  );
};

const renderRun = (cli: Cli, selector: string, flags: RenderFlags): Promise<number> =>
  withServer(cli, flags, async ({ client, screen }) => {
    const { id, project, dag, version } = await client.getDagRun(selector);
    const { graph } = await client.getDag(dag, { project, version });
    const marks = marksOf(await allNodes({ client }, id));
    screen.out(dataText(screen, renderers[flags.format](graph as unknown as DagGraph, marks)));
    return exitCodes.ok;
  });

/** `dag render -f FILE` or `dag render --run RUN`: a picture on stdout. */
export const renderDag = async (cli: Cli, flags: RenderFlags): Promise<number> => {
  const { file, run } = flags;
  if (run !== undefined && file === undefined) return renderRun(cli, run, flags);
  if (file === undefined || run !== undefined)
    throw invalidInput([{ field: '--file', message: 'or --run must be given, and not both' }]);
  const { graph } = await readDag(file);
  cli.screen.out(dataText(cli.screen, renderers[flags.format](graph)));
  return exitCodes.ok;
};
