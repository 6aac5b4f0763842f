import type { DagRunDto, NodeRunDto, NodeRunState } from '@job-orchestrator/types';
import { shortId } from '@job-orchestrator/types/ids';
import { safeLine } from '../output/sanitize.ts';
import type { Colours } from '../output/screen.ts';
import { between } from '../output/times.ts';
import { wrapText } from '../output/wrap.ts';
import { paintState, shownState } from './dag-views.ts';
import { cut, nameColumnsFor, nodeLines, type NodeLineStyle, type TreeNode } from './node-line.ts';
import { isShown, questions } from './run-story.ts';

/** Where a live picture is drawn. */
export interface FrameSpace {
  readonly columns: number;
  /** Lines at most. */
  readonly rows: number;
}

const states: readonly NodeRunState[] = [
  'failed',
  'running',
  'ready',
  'completed',
  'skipped',
  'cancelled',
  'waiting',
];

const isQueued = ({ jobState }: NodeRunDto): boolean => jobState === 'pending' || jobState === 'scheduled';

const countsText = (nodes: readonly TreeNode[], colours: Colours | null): string => {
  const counts = new Map<NodeRunState, number>();
  for (const { state, item, depth } of nodes)
    if (item === null && depth === 0) counts.set(state, (counts.get(state) ?? 0) + 1);
  const queued = nodes.filter((node) => node.item === null && node.depth === 0 && isQueued(node)).length;
  return states
    .filter((state) => counts.has(state))
    .map((state) => {
      const text = `${counts.get(state)} ${state}${state === 'running' && queued > 0 ? ` (${queued} in queues)` : ''}`;
      return colours === null ? text : paintState(colours, state, text);
    })
    .join(', ');
};

const endOf = ({ finishedAt }: NodeRunDto): number => (finishedAt === null ? 0 : Date.parse(finishedAt));

/** Failures first, then what runs, what stands in queues, what ended, what comes next; ended items last. */
const rank = (node: NodeRunDto): number => {
  const { state, item } = node;
  if (state === 'failed') return 0;
  if (state === 'running') return isQueued(node) ? 3 : item === null ? 1 : 2;
  if (state === 'ready') return 4;
  if (state === 'waiting') return 6;
  return item === null ? 5 : 7;
};

/** What is worth a line most; of equals, what ended last. */
const byWorth = (a: TreeNode, b: TreeNode): number =>
  rank(a) - rank(b) || endOf(b) - endOf(a) || a.node - b.node || (a.item ?? -1) - (b.item ?? -1);

/** Nodes that fit, in the order of the graph. */
const choose = (nodes: readonly TreeNode[], rows: number): readonly TreeNode[] => {
  const shown = nodes.filter(isShown);
  if (shown.length <= rows) return shown;
  const chosen = new Set(shown.toSorted(byWorth).slice(0, Math.max(0, rows - 1)));
  return shown.filter((node) => chosen.has(node));
};

/** Cut plainly, then painted: a colour counts for no width. */
const headOf = (run: DagRunDto, now: Date, { columns }: FrameSpace, colours: Colours): string => {
  const ran = run.startedAt === null ? '' : `  ${between(run.startedAt, run.finishedAt, now)}`;
  const rest = `  ${shownState(run)}${ran}  run ${shortId(run.id)}`;
  const title = cut(`${run.dag} v${run.version}`, Math.max(8, columns - rest.length));
  return `${colours.bold(title)}${paintState(colours, run.state, cut(rest, columns - title.length))}`;
};

/** In its colours where it fits into a line: a colour counts for no width. */
const countsLines = (nodes: readonly TreeNode[], columns: number, colours: Colours): readonly string[] => {
  const plain = countsText(nodes, null);
  return plain.length > columns ? wrapText(plain, columns) : [countsText(nodes, colours)];
};

const safeLines = (text: string, columns: number): readonly string[] => wrapText(safeLine(text), columns);

const headLines = (
  run: DagRunDto,
  nodes: readonly TreeNode[],
  now: Date,
  space: FrameSpace,
  colours: Colours,
): readonly string[] => [
  headOf(run, now, space, colours),
  ...(run.message === null ? [] : safeLines(run.message, space.columns)),
  ...countsLines(nodes, space.columns, colours),
  ...questions(nodes)
    .filter((line) => line !== '')
    .flatMap((line) => safeLines(line, space.columns)),
];

/** A line for each node; what is left of the rows goes to those that have more to say, the worthiest first. */
const linesOf = (nodes: readonly TreeNode[], style: NodeLineStyle, rows: number): readonly string[] => {
  let spare = rows - nodes.length;
  const lines = new Map<TreeNode, readonly string[]>();
  for (const node of nodes.toSorted(byWorth)) {
    const told = nodeLines(node, style, 1 + Math.max(0, spare));
    lines.set(node, told);
    spare -= told.length - 1;
  }
  return nodes.flatMap((node) => lines.get(node)!);
};

/** How many nodes have no line, with as much of the command that shows them as there is room for. */
const hiddenLine = (hidden: number, id: string, columns: number): string => {
  const count = `  and ${hidden} more`;
  const told = [
    `${count}: job-orchestrator describe run ${shortId(id)}`,
    `${count}: describe run ${shortId(id)}`,
  ];
  return told.find((line) => line.length <= columns) ?? cut(count, columns);
};

/** A run as lines that fit into a space: how it stands, its counts, and the nodes worth a line. */
export const runFrame = (
  run: DagRunDto,
  nodes: readonly TreeNode[],
  now: Date,
  space: FrameSpace,
  colours: Colours,
): readonly string[] => {
  const head = headLines(run, nodes, now, space, colours);
  const chosen = choose(nodes, space.rows - head.length);
  const style = { now, colours, columns: space.columns, nameColumns: nameColumnsFor(chosen, space.columns) };
  const hidden = nodes.filter(isShown).length - chosen.length;
  const rest = hidden === 0 ? [] : [hiddenLine(hidden, run.id, space.columns)];
  const rows = Math.max(1, space.rows);
  const lines = linesOf(chosen, style, rows - head.length - rest.length);
  return [...head, ...lines, ...rest].slice(0, rows);
};
