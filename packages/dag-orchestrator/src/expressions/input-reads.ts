import type { InputReads } from '@job-orchestrator/operations';
import type { DagGraph, Expression, GraphNode, TemplateJson } from '@job-orchestrator/types';
import { parseExpression } from './parse-expression.ts';
import { usesOf } from './references.ts';
import { isTemplate, parseTemplate } from './template.ts';

/** The expressions in a text, or in all texts of a value. */
const expressionsIn = (value: TemplateJson | undefined): readonly Expression[] => {
  if (typeof value === 'string')
    return isTemplate(value)
      ? parseTemplate(value).flatMap((part) => (part.kind === 'expression' ? [part.source] : []))
      : [];
  return typeof value === 'object' && value !== null
    ? Object.values(value as Readonly<Record<string, TemplateJson>>).flatMap(expressionsIn)
    : [];
};

const choiceOf = ({ when, forEach }: GraphNode): readonly Expression[] => [
  ...(when === null ? [] : [when]),
  ...expressionsIn(forEach?.items),
];

const workOf = (node: GraphNode): readonly Expression[] => {
  if (node.kind === 'approval') return expressionsIn(node.message);
  const job = node.kind === 'job' ? [node.job.args ?? [], node.job.env ?? {}] : [];
  return [...job, node.inputs ?? {}].flatMap((value) => expressionsIn(value as TemplateJson));
};

/** The inputs that expressions read; one that reads them as a whole, or by a name that is computed, reads all. */
const inputsIn = (sources: readonly Expression[], { inputs }: DagGraph): readonly string[] => {
  const found = new Set<string>();
  for (const source of sources) {
    if (!source.includes('inputs')) continue;
    for (const { root, path } of usesOf(parseExpression(source)).references)
      if (root === 'inputs')
        for (const name of path[0] ? [path[0].name] : Object.keys(inputs)) found.add(name);
  }
  return [...found];
};

/** Which inputs of its run a node of a checked graph reads. */
export const inputReads = (graph: DagGraph, node: number): InputReads => {
  const spec = graph.nodes[node]!;
  return { choice: inputsIn(choiceOf(spec), graph), work: inputsIn(workOf(spec), graph) };
};

/** Which inputs of its run the outputs of a checked graph read. */
export const outputInputs = (graph: DagGraph): readonly string[] =>
  inputsIn(expressionsIn(graph.outputs), graph);
