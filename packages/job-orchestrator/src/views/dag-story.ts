import type { DagGraph, DagRunDto, DagVersionDto, GraphNode, ValueSchema } from '@job-orchestrator/types';
import { shortId } from '@job-orchestrator/types/ids';
import { safeLine } from '../output/sanitize.ts';
import type { Colours } from '../output/screen.ts';
import { between, timeText } from '../output/times.ts';
import { labelled, wrapText } from '../output/wrap.ts';
import { paintState, shownState } from './dag-views.ts';

const typeOf = ({ type }: ValueSchema): string =>
  type === undefined ? 'any value' : [type].flat().join(' or ');

const inputText = (schema: ValueSchema): string => {
  const given = Object.hasOwn(schema, 'default')
    ? `${JSON.stringify(schema.default)} unless given`
    : 'required';
  const { description } = schema;
  return safeLine(`${typeOf(schema)}, ${given}${description === undefined ? '' : `: ${description}`}`);
};

const whatRuns = (node: GraphNode): string => {
  if (node.kind === 'approval') return 'asks a person';
  if (node.kind === 'job') return `runs ${node.job.image}`;
  return `runs DAG ${node.dag.name}${node.dag.version === null ? '' : ` v${node.dag.version}`}`;
};

const nodeText = (node: GraphNode, { nodes }: DagGraph): string => {
  const needs = node.needs.map((need) => nodes[need]!.name).join(', ');
  return [
    whatRuns(node),
    ...(node.forEach === null ? [] : ['once per item']),
    ...(node.when === null ? [] : [`when ${node.when}`]),
    ...(needs === '' ? [] : [`after ${needs}`]),
    ...(node.final ? ['when all others have ended'] : []),
  ].join(', ');
};

/** Names in a column of their own, each with what is said of it; nothing where there are none. */
const section = (title: string, said: readonly (readonly [string, string])[], columns: number): string[] => {
  if (said.length === 0) return [];
  const width = 4 + Math.min(30, Math.max(...said.map(([name]) => name.length)));
  return [
    '',
    title,
    ...said.flatMap(([name, text]) => labelled(`  ${name}`, safeLine(text), width, columns)),
  ];
};

const runText = (run: DagRunDto, now: Date, colours: Colours): string => {
  const state = paintState(colours, run.state, shownState(run));
  return `${state}, ${between(run.createdAt, null, now)} ago, v${run.version}`;
};

/** What a story of a DAG is told from. `runs`: the newest, newest first. */
export interface DagFacts {
  readonly dag: DagVersionDto;
  readonly runs: readonly DagRunDto[];
}

/** A DAG as text: what it takes, gives and runs, and how its last runs ended. Ends with a newline. */
export const dagStory = ({ dag, runs }: DagFacts, now: Date, colours: Colours, columns: number): string => {
  const graph = dag.graph as unknown as DagGraph;
  const outputs = Object.entries(graph.outputs);
  const lines = [
    `${colours.bold(`${dag.name} v${dag.version}`)}  of project ${dag.project}`,
    ...(graph.description === null ? [] : wrapText(safeLine(graph.description), columns)),
    `applied ${timeText(dag.createdAt)} by ${safeLine(dag.createdBy)}`,
    ...(dag.deletedAt === null ? [] : [`deleted ${timeText(dag.deletedAt)}; nothing starts runs of it`]),
    ...section(
      'inputs',
      Object.entries(graph.inputs).map(([name, schema]) => [name, inputText(schema)]),
      columns,
    ),
    ...section(
      'outputs',
      outputs.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
      columns,
    ),
    ...section(
      'nodes',
      graph.nodes.map((node) => [node.name, nodeText(node, graph)]),
      columns,
    ),
    ...section(
      'last runs',
      runs.map((run) => [shortId(run.id), runText(run, now, colours)]),
      Infinity,
    ),
  ];
  return `${lines.join('\n')}\n`;
};
