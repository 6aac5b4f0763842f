import type { DagGraph, NodeRunState } from '@job-orchestrator/types';
import { nodeSigns } from '@job-orchestrator/types/node-signs';
import { stateColours, type NodeMarks } from './marks.ts';
import { pictureOf, type Box } from './picture.ts';

const brackets: Readonly<Record<Box['kind'], readonly [string, string]>> = {
  job: ['["', '"]'],
  approval: ['{{"', '"}}'],
  dag: ['[["', '"]]'],
};

const labelOf = ({ label, mark }: Box): string =>
  mark === undefined ? label : `${nodeSigns[mark.state]} ${label}`;

const statesIn = (boxes: readonly Box[]): readonly NodeRunState[] => [
  ...new Set(boxes.flatMap(({ mark }) => (mark === undefined ? [] : [mark.state]))),
];

const classLine = (state: NodeRunState): string => {
  const [fill, stroke] = stateColours[state].light;
  return `  classDef ${state} fill:${fill},stroke:${stroke},color:#0f172a`;
};

/** The graph as a Mermaid flowchart, which GitHub and GitLab draw. Names hold nothing that needs escaping. */
export const renderMermaid = (graph: DagGraph, marks?: NodeMarks): string => {
  const { title, boxes, arrows } = pictureOf(graph, marks);
  const lines = [
    ...boxes.map((box) => {
      const [open, close] = brackets[box.kind];
      return `  ${box.id}${open}${labelOf(box)}${close}${box.mark === undefined ? '' : `:::${box.mark.state}`}`;
    }),
    ...arrows.map(
      ({ from, to, dashed }) => `  ${boxes[from]!.id} ${dashed ? '-.->' : '-->'} ${boxes[to]!.id}`,
    ),
    ...statesIn(boxes).map(classLine),
  ];
  return ['---', `title: ${JSON.stringify(title)}`, '---', 'flowchart LR', ...lines, ''].join('\n');
};

const shapes: Readonly<Record<Box['kind'], string>> = { job: 'box', approval: 'hexagon', dag: 'box3d' };

const coloursOf = ({ mark }: Box): string => {
  if (mark === undefined) return '';
  const [fill, stroke] = stateColours[mark.state].light;
  return `, style=filled, fillcolor="${fill}", color="${stroke}"`;
};

/** The graph in the language of Graphviz. */
export const renderDot = (graph: DagGraph, marks?: NodeMarks): string => {
  const { title, boxes, arrows } = pictureOf(graph, marks);
  const lines = [
    ...boxes.map(
      (box) =>
        `  ${box.id} [label=${JSON.stringify(labelOf(box))}, shape=${shapes[box.kind]}${coloursOf(box)}];`,
    ),
    ...arrows.map(
      ({ from, to, dashed }) => `  ${boxes[from]!.id} -> ${boxes[to]!.id}${dashed ? ' [style=dashed]' : ''};`,
    ),
  ];
  return [
    `digraph ${JSON.stringify(graph.name)} {`,
    '  rankdir=LR;',
    `  label=${JSON.stringify(title)};`,
    ...lines,
    '}',
    '',
  ].join('\n');
};
