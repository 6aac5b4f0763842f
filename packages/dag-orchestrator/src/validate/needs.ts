import { didYouMean, limits } from '@job-orchestrator/types';
import type { Fault } from '../fault.ts';
import type { DagModel, ModelNode } from './model.ts';

/** The node itself and those that it needs already are not meant. */
const suggestion = (name: string, { name: own, node }: ModelNode, model: DagModel): string => {
  const taken = new Set([own, ...(node.needs ?? [])]);
  const near = didYouMean(
    name,
    [...model.positions.keys()].filter((known) => !taken.has(known)),
  );
  return near === null ? '' : `; did you mean ${near}?`;
};

const shown = (name: string): string => (name.length > 64 ? `${name.slice(0, 61)}…` : name);

const messageOf = (
  need: string,
  earlier: ReadonlySet<string>,
  node: ModelNode,
  model: DagModel,
): string | null => {
  if (need === node.name) return 'is the node itself; a node cannot need itself';
  if (earlier.has(need)) return 'stands here twice';
  const position = model.positions.get(need);
  if (position === undefined) return `is not a node${suggestion(need, node, model)}`;
  const final = model.nodes[position]!.final;
  if (final && !node.final) return 'is a node of `finally`, which runs when all ordinary nodes have ended';
  if (!final && node.final)
    return 'is an ordinary node; nodes of `finally` run after all of them and need only one another';
  return null;
};

function* needsOf(node: ModelNode, model: DagModel): Generator<Fault> {
  const earlier = new Set<string>();
  for (const [index, need] of (node.node.needs ?? []).entries()) {
    const message = messageOf(need, earlier, node, model);
    if (message !== null) yield { path: [...node.path, 'needs', index], message, value: shown(need) };
    earlier.add(need);
  }
}

/** Needs that are unknown, repeated, the node's own, or cross between ordinary and final nodes; too many of them. */
export function* checkNeeds(model: DagModel): Generator<Fault> {
  const edges = model.nodes.reduce((sum, { node }) => sum + (node.needs?.length ?? 0), 0);
  const limit = limits.dag.edges;
  if (edges > limit)
    yield { path: ['nodes'], message: `need one another ${edges} times`, limit, value: String(edges) };
  for (const node of model.nodes) yield* needsOf(node, model);
}
