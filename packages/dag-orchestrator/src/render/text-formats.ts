import type { DagGraph } from '@job-orchestrator/types';
import { pictureOf, type Box } from './picture.ts';

const brackets: Readonly<Record<Box['kind'], readonly [string, string]>> = {
  job: ['["', '"]'],
  approval: ['{{"', '"}}'],
  dag: ['[["', '"]]'],
};

/** The graph as a Mermaid flowchart, which GitHub and GitLab draw. Names hold nothing that needs escaping. */
export const renderMermaid = (graph: DagGraph): string => {
  const { title, boxes, arrows } = pictureOf(graph);
  const lines = [
    ...boxes.map(({ id, label, kind }) => `  ${id}${brackets[kind][0]}${label}${brackets[kind][1]}`),
    ...arrows.map(
      ({ from, to, dashed }) => `  ${boxes[from]!.id} ${dashed ? '-.->' : '-->'} ${boxes[to]!.id}`,
    ),
  ];
  return ['---', `title: ${JSON.stringify(title)}`, '---', 'flowchart LR', ...lines, ''].join('\n');
};

const shapes: Readonly<Record<Box['kind'], string>> = { job: 'box', approval: 'hexagon', dag: 'box3d' };

/** The graph in the language of Graphviz. */
export const renderDot = (graph: DagGraph): string => {
  const { title, boxes, arrows } = pictureOf(graph);
  const lines = [
    ...boxes.map(({ id, label, kind }) => `  ${id} [label=${JSON.stringify(label)}, shape=${shapes[kind]}];`),
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
