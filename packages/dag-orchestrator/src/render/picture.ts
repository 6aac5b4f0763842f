import type { DagGraph, GraphNode } from '@job-orchestrator/types';
import { markOf, type NodeMark, type NodeMarks } from './marks.ts';

/** One box of a picture: a node, or several that have the same neighbours. */
export interface Box {
  readonly id: string;
  readonly label: string;
  readonly kind: GraphNode['kind'];
  readonly final: boolean;
  /** How many nodes it stands for; 1 unless folded. */
  readonly count: number;
  /** How it stands in the run that the picture shows; absent in a picture of a DAG alone. */
  readonly mark?: NodeMark;
}

export interface Picture {
  readonly title: string;
  readonly boxes: readonly Box[];
  /** From and to, as indices of `boxes`. `dashed`: to the final nodes, which follow all others. */
  readonly arrows: readonly { readonly from: number; readonly to: number; readonly dashed: boolean }[];
}

/** More boxes than this nobody reads (and browsers crawl); nodes with the same neighbours are folded first. */
const mostBoxes = 300;

const childrenOf = ({ nodes }: DagGraph): readonly number[][] => {
  const children = nodes.map((): number[] => []);
  nodes.forEach(({ needs }, index) => needs.forEach((need) => children[need]!.push(index)));
  return children;
};

/** Nodes that are the same to the eye: same kind, same parents, same children. */
const shapeOf = (node: GraphNode, children: readonly number[]): string =>
  `${node.kind} ${node.final} ${node.needs.join()} > ${children.join()}`;

const everyNodeAlone = ({ nodes }: DagGraph): number[][] => nodes.map((_node, index) => [index]);

const foldedGroups = (graph: DagGraph): number[][] => {
  const children = childrenOf(graph);
  const groups = new Map<string, number[]>();
  graph.nodes.forEach((node, index) => {
    const shape = shapeOf(node, children[index]!);
    const group = groups.get(shape);
    if (group === undefined) groups.set(shape, [index]);
    else group.push(index);
  });
  return [...groups.values()];
};

const suffixOf = (node: GraphNode): string => {
  if (node.forEach !== null) return ' ×n';
  return node.when === null ? '' : ' ?';
};

const boxOf = (graph: DagGraph, marks: NodeMarks, members: readonly number[], index: number): Box => {
  const node = graph.nodes[members[0]!]!;
  const label =
    members.length === 1 ? `${node.name}${suffixOf(node)}` : `${node.name} + ${members.length - 1} more`;
  const mark = markOf(
    marks,
    members.map((member) => graph.nodes[member]!.name),
  );
  const { kind, final } = node;
  return { id: `n${index}`, label, kind, final, count: members.length, ...(mark && { mark }) };
};

const arrowsOf = (graph: DagGraph, groups: readonly number[][], shown: number): Picture['arrows'] => {
  const boxOfNode = new Int32Array(graph.nodes.length);
  groups.forEach((members, box) => members.forEach((member) => (boxOfNode[member] = box)));
  const seen = new Set<string>();
  return graph.nodes.flatMap(({ needs }, index) =>
    needs.flatMap((need) => {
      const [from, to] = [boxOfNode[need]!, boxOfNode[index]!];
      if (from >= shown || to >= shown || seen.has(`${from} ${to}`)) return [];
      seen.add(`${from} ${to}`);
      return [{ from, to, dashed: false }];
    }),
  );
};

/** From where nothing ordinary follows to where nothing final precedes. */
const finalArrows = (boxes: readonly Box[], arrows: Picture['arrows']): Picture['arrows'] => {
  const froms = new Set(arrows.map(({ from }) => from));
  const tos = new Set(arrows.map(({ to }) => to));
  const ends = boxes.flatMap(({ final }, box) => (!final && !froms.has(box) ? [box] : []));
  const starts = boxes.flatMap(({ final }, box) => (final && !tos.has(box) ? [box] : []));
  return ends.flatMap((from) => starts.map((to) => ({ from, to, dashed: true })));
};

/** What of a graph fits into a picture; the title says how much is left out. `marks`: how the nodes of a run stand. */
export const pictureOf = (graph: DagGraph, marks: NodeMarks = new Map()): Picture => {
  const groups = graph.nodes.length > mostBoxes ? foldedGroups(graph) : everyNodeAlone(graph);
  const boxes = groups.slice(0, mostBoxes).map((members, index) => boxOf(graph, marks, members, index));
  const arrows = arrowsOf(graph, groups, boxes.length);
  const hidden = graph.nodes.length - boxes.reduce((sum, { count }) => sum + count, 0);
  const title =
    hidden === 0 ? graph.name : `${graph.name} (${hidden} of ${graph.nodes.length} nodes are not shown)`;
  return { title, boxes, arrows: [...arrows, ...finalArrows(boxes, arrows)] };
};
