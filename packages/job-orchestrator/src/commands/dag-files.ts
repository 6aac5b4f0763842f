import {
  graphDigest,
  loadDagFile,
  placesIn,
  suspicions,
  type Dag,
  type PlaceProblem,
} from '@job-orchestrator/dag-orchestrator';
import type { DagGraph } from '@job-orchestrator/types';
import { stringify } from 'yaml';
import { readBounded } from '../files/read-bounded.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { dataText } from '../output/screen.ts';
import type { Cli, FormatFlags } from './cli.ts';

export interface ValidateFlags extends FormatFlags {
  readonly file: string;
}

/** A DAG with the places of the file that it stands in. */
export interface DagFile extends Dag {
  readonly place: PlaceProblem;
}

/** A DAG in a file; `-` is stdin. Throws `invalid_input`. */
export const readDag = async (path: string): Promise<DagFile> => {
  const [name, bytes] = [path === '-' ? '(stdin)' : path, await readBounded(path)];
  return { ...loadDagFile(name, bytes), place: placesIn(name, bytes) };
};

const summaryOf = (graph: DagGraph): string => {
  const edges = graph.nodes.reduce((sum, { needs }) => sum + needs.length, 0);
  return `${graph.name}: valid, nodes ${graph.nodes.length}, needs ${edges}, digest ${graphDigest(graph).slice(0, 12)}`;
};

const shown = (graph: DagGraph, format: ValidateFlags['format']): string => {
  if (format === 'json') return JSON.stringify(graph, null, 2);
  if (format === 'yaml') return stringify(graph).trimEnd();
  return format === 'name' ? graph.name : summaryOf(graph);
};

/** `dag validate -f FILE`: checks a file without a server; throws `invalid_input`. */
export const validateDag = async ({ screen }: Cli, flags: ValidateFlags): Promise<number> => {
  const { graph } = await readDag(flags.file);
  for (const suspicion of suspicions(graph)) screen.note(`note: ${suspicion}`);
  screen.out(`${dataText(screen, shown(graph, flags.format))}\n`);
  return exitCodes.ok;
};
