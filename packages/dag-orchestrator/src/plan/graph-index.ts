import type { DagGraph, GraphNode } from '@job-orchestrator/types';

/** A graph with what the planner asks of it again and again; made once per version. */
export interface GraphIndex {
  readonly graph: DagGraph;
  /** By node: the nodes that need it, ascending. */
  readonly dependents: readonly (readonly number[])[];
  /** By node: the nodes that read it without needing it, ascending; they wait for it too. */
  readonly readers: readonly (readonly number[])[];
  /** How many nodes are ordinary; the final ones follow them. */
  readonly ordinary: number;
  /** True where a node may start though no place is free: an approval takes none. */
  readonly asks: boolean;
}

/** An approval runs nothing: it takes no place of those that limits count. */
export const takesPlace = ({ kind }: GraphNode): boolean => kind !== 'approval';

/** Indexes a graph in time linear in nodes and edges. */
export const indexGraph = (graph: DagGraph): GraphIndex => {
  const dependents: number[][] = graph.nodes.map(() => []);
  const readers: number[][] = graph.nodes.map(() => []);
  graph.nodes.forEach(({ needs, reads }, node) => {
    for (const parent of needs) dependents[parent]?.push(node);
    const parents = new Set(needs);
    for (const read of reads) if (!parents.has(read)) readers[read]?.push(node);
  });
  const firstFinal = graph.nodes.findIndex(({ final }) => final);
  const ordinary = firstFinal === -1 ? graph.nodes.length : firstFinal;
  const asks = graph.nodes.some((node) => !takesPlace(node));
  return { graph, dependents, readers, ordinary, asks };
};

/** These nodes and what depends on them, at most `depth` edges away. */
export const withDescendants = (
  { dependents }: GraphIndex,
  nodes: Iterable<number>,
  depth: number,
): ReadonlySet<number> => {
  const found = new Set(nodes);
  let edge: readonly number[] = [...found];
  for (let step = 0; step < depth && edge.length > 0; step += 1) {
    const next: number[] = [];
    for (const node of edge)
      for (const child of dependents[node] ?? []) {
        if (found.has(child)) continue;
        found.add(child);
        next.push(child);
      }
    edge = next;
  }
  return found;
};
