import {
  nodePlace,
  type DagGraph,
  type GraphNode,
  type JsonObject,
  type JsonValue,
} from '@job-orchestrator/types';
import { canonicalJson } from './canonical-json.ts';

/** One difference between two versions of a DAG. `text` is a sentence for people, such as `node load was added`. */
export interface DagChange {
  readonly kind: 'added' | 'removed' | 'changed';
  readonly place: string;
  readonly text: string;
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const shown = (value: JsonValue): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
};

const isNothing = (value: JsonValue | undefined): boolean => value === undefined || value === null;

const same = (a: JsonValue | undefined, b: JsonValue | undefined): boolean =>
  canonicalJson(a ?? null) === canonicalJson(b ?? null);

const changeOf = (place: string, before: JsonValue | undefined, after: JsonValue | undefined): DagChange => {
  if (isNothing(before)) return { kind: 'added', place, text: `${place} was added: ${shown(after!)}` };
  if (isNothing(after)) return { kind: 'removed', place, text: `${place} was removed: ${shown(before!)}` };
  return { kind: 'changed', place, text: `${place} changed from ${shown(before!)} to ${shown(after!)}` };
};

/** Field by field into maps; lists are compared as wholes. */
function* changesOf(
  place: string,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
): Generator<DagChange> {
  if (same(before, after)) return;
  if (!isObject(before) || !isObject(after)) {
    yield changeOf(place, before, after);
    return;
  }
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
    yield* changesOf(place === '' ? key : `${place}.${key}`, before[key], after[key]);
}

/** A node with names in place of indices: these change when another node comes or goes. */
const named = (node: GraphNode, { nodes, groups }: DagGraph): JsonObject => {
  const { name: _name, reads: _follows, needs, group, ...rest } = node;
  return {
    ...(rest as unknown as JsonObject),
    needs: needs.map((need) => nodes[need]!.name).toSorted(),
    group: group === null ? null : groups[group]!.name,
  };
};

const byName = (
  graph: DagGraph,
): ReadonlyMap<string, { readonly place: string; readonly node: JsonObject }> =>
  new Map(
    graph.nodes.map((node) => [node.name, { place: nodePlace(node), node: named(node, graph) }] as const),
  );

function* nodeChanges(before: DagGraph, after: DagGraph): Generator<DagChange> {
  const [old, fresh] = [byName(before), byName(after)];
  for (const [name, { place }] of old)
    if (!fresh.has(name)) yield { kind: 'removed', place, text: `node ${name} was removed` };
  for (const [name, { place, node }] of fresh) {
    const known = old.get(name);
    if (known === undefined) yield { kind: 'added', place, text: `node ${name} was added` };
    else yield* changesOf(place, known.node, node);
  }
}

const settingsOf = ({ nodes: _nodes, groups, outputReads: _follows, ...settings }: DagGraph): JsonObject => ({
  ...(settings as unknown as JsonObject),
  groups: Object.fromEntries(
    groups.map(({ name, maxParallel, inOrder }) => [name, { maxParallel, inOrder }]),
  ),
});

const namesOf = ({ nodes }: DagGraph): string => nodes.map(({ name }) => name).join(' ');

/** What differs between two versions of a DAG, in plain words; empty exactly when their digests are equal. */
export const diffDags = (before: DagGraph, after: DagGraph): readonly DagChange[] => {
  const changes = [...changesOf('', settingsOf(before), settingsOf(after)), ...nodeChanges(before, after)];
  if (changes.length > 0 || namesOf(before) === namesOf(after)) return changes;
  return [{ kind: 'changed', place: 'nodes', text: 'the order of the nodes changed' }];
};
