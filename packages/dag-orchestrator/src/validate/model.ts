import type { DagDocument, DagNode, NodeKind } from '@job-orchestrator/types';
import type { Path } from '../fault.ts';

/** A node as the checks see it: its definition, where it stands, and whom it needs as far as they exist. */
export interface ModelNode {
  readonly name: string;
  readonly path: Path;
  readonly node: DagNode;
  readonly kind: NodeKind;
  readonly final: boolean;
  /** Positions in `DagModel.nodes`; unknown names are left out. */
  readonly needs: readonly number[];
}

/** A document of the right shape, with its nodes in the order of the document, the final ones last. */
export interface DagModel {
  readonly document: DagDocument;
  readonly nodes: readonly ModelNode[];
  /** A map, not an object: a node may be called `constructor`. */
  readonly positions: ReadonlyMap<string, number>;
}

export const kindOfNode = (node: DagNode): NodeKind => {
  if (node.approval !== undefined) return 'approval';
  return node.dag === undefined ? 'job' : 'dag';
};

type Entry = Omit<ModelNode, 'needs'>;

const entriesOf = (section: 'nodes' | 'finally', document: DagDocument): Entry[] =>
  Object.entries(document[section] ?? {}).map(([name, node]) => ({
    name,
    path: [section, name],
    node,
    kind: kindOfNode(node),
    final: section === 'finally',
  }));

const known = (names: readonly string[] | undefined, positions: DagModel['positions']): number[] =>
  [...new Set(names)].map((name) => positions.get(name)).filter((position) => position !== undefined);

/** A name that stands twice (in `nodes` and in `finally`) means the first; the checks tell of it. */
export const createModel = (document: DagDocument): DagModel => {
  const entries = [...entriesOf('nodes', document), ...entriesOf('finally', document)];
  const positions = new Map<string, number>();
  entries.forEach(({ name }, position) => {
    if (!positions.has(name)) positions.set(name, position);
  });
  const nodes = entries.map((entry) => ({ ...entry, needs: known(entry.node.needs, positions) }));
  return { document, nodes, positions };
};
