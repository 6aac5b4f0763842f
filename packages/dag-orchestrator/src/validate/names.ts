import { limits, nodeNamePattern, valueNamePattern } from '@job-orchestrator/types';
import type { Fault, Path } from '../fault.ts';
import type { DagModel } from './model.ts';

interface NameRule {
  readonly pattern: RegExp;
  readonly words: string;
}

const nodeRule: NameRule = {
  pattern: new RegExp(nodeNamePattern),
  words: "must be lower-case letters, digits and '-', begin with a letter and end with a letter or digit",
};
const valueRule: NameRule = {
  pattern: new RegExp(valueNamePattern),
  words: "must be letters, digits and '_', and not begin with a digit, so that expressions can name it",
};

const shown = (name: string): string => (name.length > 64 ? `${name.slice(0, 61)}…` : name);

function* nameFaults(names: Iterable<string>, at: Path, { pattern, words }: NameRule): Generator<Fault> {
  for (const name of names) {
    const path = [...at, name];
    if (name.length > limits.nameChars) {
      const message = `has a name of ${name.length} characters; at most ${limits.nameChars} are allowed`;
      yield { path, message, limit: limits.nameChars, value: shown(name), onKey: true };
    } else if (!pattern.test(name)) yield { path, message: words, value: shown(name), onKey: true };
  }
}

function* repeatedFaults({ nodes, positions }: DagModel): Generator<Fault> {
  for (const [position, { name, path }] of nodes.entries())
    if (positions.get(name) !== position)
      yield { path, message: 'is the name of a node in `nodes` too', value: shown(name), onKey: true };
}

function* countFaults({ nodes, document }: DagModel): Generator<Fault> {
  const limit = limits.dag.nodes;
  if (nodes.length > limit)
    yield {
      path: ['nodes'],
      message: `are ${nodes.length} nodes; at most ${limit} are allowed`,
      limit,
      value: String(nodes.length),
      onKey: true,
    };
  if (Object.keys(document.nodes).length === 0)
    yield { path: ['nodes'], message: 'must have at least one node', onKey: true };
}

/** Names of nodes, groups, inputs and outputs: their letters and length; nodes that stand twice; how many they are. */
export function* checkNames(model: DagModel): Generator<Fault> {
  const { document, nodes } = model;
  yield* countFaults(model);
  yield* nameFaults(Object.keys(document.nodes), ['nodes'], nodeRule);
  yield* nameFaults(Object.keys(document.finally ?? {}), ['finally'], nodeRule);
  yield* nameFaults(Object.keys(document.groups ?? {}), ['groups'], nodeRule);
  yield* nameFaults(Object.keys(document.inputs ?? {}), ['inputs'], valueRule);
  yield* nameFaults(Object.keys(document.outputs ?? {}), ['outputs'], valueRule);
  for (const { node, path } of nodes)
    if (node.outputs !== undefined)
      yield* nameFaults(Object.keys(node.outputs), [...path, 'outputs'], valueRule);
  yield* repeatedFaults(model);
}
