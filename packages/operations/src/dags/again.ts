import { isDeepStrictEqual } from 'node:util';
import {
  didYouMean,
  OrchestratorError,
  type DagGraph,
  type EndedNode,
  type GraphNode,
  type JsonObject,
} from '@job-orchestrator/types';
import type { DagRules } from '../dependencies.ts';

/** What of an ended run is run again: what did not end well, or a node; and always all that depends on it. */
export type RerunFrom = { readonly kind: 'failed' } | { readonly kind: 'node'; readonly name: string };

/** What is asked of a run that runs parts of an ended one again. */
export interface Wanted {
  readonly from: RerunFrom;
  /** Names of the inputs that have another value than they had. */
  readonly changed: ReadonlySet<string>;
  readonly inputReads: DagRules['inputReads'];
}

/** The inputs whose values differ, those filled by defaults too. */
export const changedInputs = (before: JsonObject, after: JsonObject): ReadonlySet<string> => {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return new Set([...names].filter((name) => !isDeepStrictEqual(before[name], after[name])));
};

/** What ended on its own account and well enough to be kept: a condition that was false stays false. */
const endedWell = ({ state, reason }: EndedNode): boolean =>
  state === 'completed' ||
  (state === 'skipped' && ['condition', 'empty', 'upstream_skipped', 'rule_not_met'].includes(reason ?? ''));

/** How a node ended that is run again for it. */
const endedAs = ({ state, reason }: EndedNode): string => {
  if (state === 'skipped') return `was skipped before (${reason})`;
  return state === 'failed' ? 'failed before' : 'was cancelled before';
};

/** Throws `invalid_input` for a node that there is not. */
const indexOf = ({ nodes, name: dag }: DagGraph, name: string): number => {
  const found = nodes.findIndex((node) => node.name === name);
  if (found >= 0) return found;
  const meant = didYouMean(
    name,
    nodes.map((node) => node.name),
  );
  const hint = meant === null ? '' : `; did you mean ${meant}?`;
  throw new OrchestratorError('invalid_input', `The DAG ${dag} has no node ${name}${hint}`, [
    { field: 'from', message: `must be a node of the DAG${hint}`, value: name },
  ]);
};

/** Why a node would run again by itself, whatever others do; null: it would not. */
const whyItself = ({ name }: GraphNode, ended: EndedNode, { from }: Wanted): string | null => {
  if (from.kind === 'node') return name === from.name ? 'was asked for' : null;
  return endedWell(ended) ? null : endedAs(ended);
};

/** Which of the changed inputs a node reads; empty: none. */
const changedReads = (graph: DagGraph, { changed, inputReads }: Wanted, node: number): readonly string[] => {
  if (changed.size === 0) return [];
  const { choice, work } = inputReads(graph, node);
  return [...new Set([...choice, ...work])].filter((name) => changed.has(name));
};

const namedMost = 3;

const whyChanged = (reads: readonly string[], verb = 'reads'): string | null => {
  if (reads.length === 0) return null;
  const more = reads.length > namedMost ? ` and ${reads.length - namedMost} more` : '';
  const which = `${reads.slice(0, namedMost).join(', ')}${more}`;
  return `${verb} ${reads.length === 1 ? 'input' : 'inputs'} ${which}, which changed`;
};

/** Why the DAG's own outputs differ though no node runs again for it; null: they read no input that changed. */
export const whyOutputs = (reads: readonly string[], changed: ReadonlySet<string>): string | null =>
  whyChanged(
    reads.filter((name) => changed.has(name)),
    'read',
  );

/** Final nodes always run again: what they do is about the run as a whole. */
const finalNode = 'is a finally node';
const runsAgain = ', which runs again';

/** True where a node runs again only because another one does. */
export const isForOthers = (why: string): boolean => why === finalNode || why.endsWith(runsAgain);

const whyOthers = (
  { nodes }: DagGraph,
  { needs, reads, final }: GraphNode,
  again: ReadonlyMap<number, string>,
): string | null => {
  const need = needs.find((other) => again.has(other));
  if (need !== undefined) return `needs ${nodes[need]!.name}${runsAgain}`;
  const read = reads.find((other) => again.has(other));
  if (read !== undefined) return `reads ${nodes[read]!.name}${runsAgain}`;
  return final ? finalNode : null;
};

/**
 * The nodes to run again, by index, and why: from where it starts, each that reads an input that changed, everything that
 * needs or reads one of them, and every final node. Throws `invalid_input`.
 */
export const nodesToRerun = (
  graph: DagGraph,
  ended: readonly EndedNode[],
  wanted: Wanted,
): ReadonlyMap<number, string> => {
  if (wanted.from.kind === 'node') indexOf(graph, wanted.from.name);
  const again = new Map<number, string>();
  for (const [node, spec] of graph.nodes.entries()) {
    const of = ended[node]!;
    const itself = whyItself(spec, of, wanted);
    const changed = whyChanged(changedReads(graph, wanted, node));
    // What was skipped was so mostly for others.
    const skipped = wanted.from.kind === 'failed' && of.state === 'skipped';
    const why = (skipped ? null : itself) ?? changed ?? whyOthers(graph, spec, again) ?? itself;
    if (why !== null) again.set(node, why);
  }
  return again;
};
