import type { DagRunDto, NodeRunDto, NodeRunState } from '@job-orchestrator/types';
import { shortId } from '@job-orchestrator/types/ids';
import { safeLine } from '../output/sanitize.ts';
import type { Colours } from '../output/screen.ts';
import { between } from '../output/times.ts';
import { paintState, shownState } from './dag-views.ts';
import { nameColumnsFor, nodeLine, type TreeNode } from './node-line.ts';
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

const clip = (text: string, columns: number): string =>
  text.length > columns ? `${text.slice(0, Math.max(0, columns - 1))}…` : text;

/** Cut plainly, then painted: a colour counts for no width. */
const headOf = (run: DagRunDto, now: Date, { columns }: FrameSpace, colours: Colours): string => {
  const ran = run.startedAt === null ? '' : `  ${between(run.startedAt, run.finishedAt, now)}`;
  const rest = `  ${shownState(run)}${ran}  run ${shortId(run.id)}`;
  const title = clip(`${run.dag} v${run.version}`, Math.max(8, columns - rest.length));
  return `${colours.bold(title)}${paintState(colours, run.state, clip(rest, columns - title.length))}`;
};

const countsLine = (nodes: readonly TreeNode[], columns: number, colours: Colours): string => {
  const plain = countsText(nodes, null);
  return plain.length > columns ? clip(plain, columns) : countsText(nodes, colours);
};

/** A run as lines that fit into a space: how it stands, its counts, and the nodes worth a line. */
export const runFrame = (
  run: DagRunDto,
  nodes: readonly TreeNode[],
  now: Date,
  space: FrameSpace,
  colours: Colours,
): readonly string[] => {
  const message = run.message === null ? [] : [clip(safeLine(run.message), space.columns)];
  const asked = questions(nodes)
    .filter((line) => line !== '')
    .map((line) => clip(safeLine(line), space.columns));
  const head = [
    headOf(run, now, space, colours),
    ...message,
    countsLine(nodes, space.columns, colours),
    ...asked,
  ];
  const chosen = choose(nodes, space.rows - head.length);
  const style = { now, colours, columns: space.columns, nameColumns: nameColumnsFor(chosen, space.columns) };
  const hidden = nodes.filter(isShown).length - chosen.length;
  const rest =
    hidden === 0
      ? []
      : [clip(`  and ${hidden} more: job-orchestrator describe run ${shortId(run.id)}`, space.columns)];
  return [...head, ...chosen.map((node) => nodeLine(node, style)), ...rest].slice(0, Math.max(1, space.rows));
};
