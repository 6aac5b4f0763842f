import type { NodeReason, NodeRunDto } from '@job-orchestrator/types';
import { shortId } from '@job-orchestrator/types/ids';
import { nodeSigns } from '@job-orchestrator/types/node-signs';
import { safeLine } from '../output/sanitize.ts';
import type { Colours } from '../output/screen.ts';
import { between } from '../output/times.ts';
import { wrapText } from '../output/wrap.ts';
import { paintState } from './dag-views.ts';

/** Why a node ended so, in plain words. */
export const reasonWords: Readonly<Record<NodeReason, string>> = {
  upstream_failed: 'a node that it needs failed',
  upstream_skipped: 'a node that it needs was skipped',
  rule_not_met: 'its trigger rule did not hold',
  condition: 'its condition was false',
  empty: 'its forEach had no items',
  fail_fast: 'another one failed, and failFast is set',
  run_deadline: 'the deadline of the run passed',
  job_failed: 'its job failed',
  items_failed: 'some of its items failed',
  expression: 'an expression has no value',
  output: 'its result is not as declared',
  rejected: 'somebody said no',
  approval_timeout: 'nobody said yes in time',
  sub_dag_failed: 'its DAG failed',
  input: 'its DAG does not take what it gives',
  limit: 'it is more than a run may be',
  job_cancelled: 'its job was cancelled',
  sub_dag_cancelled: 'its DAG was cancelled',
  run_cancelled: 'the run was cancelled',
  cached: 'its result was there',
};

/** Their message says all that the words would. */
const saidByMessage: ReadonlySet<NodeReason> = new Set([
  'upstream_failed',
  'upstream_skipped',
  'rule_not_met',
  'condition',
  'empty',
  'fail_fast',
  'run_deadline',
  'run_cancelled',
  'items_failed',
]);

const waits: Readonly<Record<string, string>> = {
  waiting: 'for nodes that it needs',
  ready: 'for a free place: a limit, or a pause',
};

/** A node run with the run that it belongs to, and how many runs deep that is below the one that is told of. */
export interface TreeNode extends NodeRunDto {
  readonly run: string;
  readonly depth: number;
}

export const waitsForPerson = ({ approval }: NodeRunDto): boolean => approval?.state === 'waiting';

/** A node is out while its job waits, too: where that stands is worth a word. */
const standing = ({ jobState, attempt }: NodeRunDto): string => {
  const number = attempt ?? 0;
  if (jobState === 'scheduled' && number > 0) return `attempt ${number} failed, tried again soon`;
  if (jobState === 'scheduled' || jobState === 'pending') return 'in its queue';
  const which = number > 1 ? `attempt ${number}` : '';
  return jobState === 'claimed' ? `starting ${which}`.trimEnd() : which;
};

/** Why a node is as it is, in plain words; empty where there is nothing to say. */
export const whyOf = (node: NodeRunDto, now: Date): string => {
  const { state, reason, message, approval } = node;
  if (approval?.state === 'waiting')
    return `asks: ${approval.message}  (${between(now.toISOString(), approval.expiresAt, now)} left)`;
  if (message !== null && reason !== null && saidByMessage.has(reason)) return message;
  if (reason === null) return message ?? waits[state] ?? standing(node);
  const tries = standing(node);
  const words = `${reasonWords[reason]}${tries === '' ? '' : ` at ${tries}`}`;
  return message === null ? words : `${words}: ${message}`;
};

/** How long it ran: of a job its newest attempt, without the queue and earlier attempts; `–` before it began. */
export const ranText = (node: NodeRunDto, now: Date): string => {
  const { jobId, attemptStartedAt, attemptFinishedAt, startedAt, finishedAt } = node;
  return jobId === null
    ? between(startedAt, finishedAt, now)
    : between(attemptStartedAt, attemptFinishedAt, now);
};

/** How far the items of a node are; empty where it has none. */
export const itemsText = ({ items }: NodeRunDto): string => {
  if (items === null) return '';
  const ended = items.completed + items.failed + items.cancelled;
  return `${ended}/${items.total} items${items.failed === 0 ? '' : `, ${items.failed} failed`}`;
};

const factsOf = (node: NodeRunDto, now: Date, narrow: boolean): string => {
  const { jobId, childRun, keptFrom, again, reason } = node;
  const ran = ranText(node, now).replace('–', '');
  const how = reason === 'cached' ? 'cached' : 'kept';
  const kept = keptFrom === null ? '' : `${how} from run ${shortId(keptFrom)}`;
  const job = jobId === null || narrow ? '' : `job ${shortId(jobId)}`;
  const child = childRun === null || narrow ? '' : `run ${shortId(childRun)}`;
  const repeated = again === null || narrow ? '' : `again: ${again}`;
  return [ran, itemsText(node), job, child, kept, repeated].filter((fact) => fact !== '').join('  ');
};

/** The beginning of a text that fits, marked where it goes on. */
export const cut = (text: string, most: number): string => {
  const characters = [...text];
  return characters.length > most ? `${characters.slice(0, Math.max(0, most - 1)).join('')}…` : text;
};

/** How node lines are set. */
export interface NodeLineStyle {
  readonly now: Date;
  readonly colours: Colours;
  /** Width to fit into; Infinity where nobody asked for one. */
  readonly columns: number;
  /** Of the names' column; longer ones are cut where there is a width to fit into. */
  readonly nameColumns: number;
}

const indentOf = ({ depth, item }: TreeNode): number => 2 * (2 * depth + (item === null ? 0 : 1));

const titleOf = (node: TreeNode, columns: number): string => {
  const { name, item } = node;
  const index = item === null ? '' : `[${item}]`;
  const indent = Math.min(indentOf(node), Math.floor(columns / 2));
  return `${' '.repeat(indent)}${cut(name, columns - indent - index.length)}${index}`;
};

const nameColumnsMost = 32;
/** Below this many columns the state is told by its mark alone, and the job is left out: why is worth more. */
const wideEnough = 60;

/** The names' column for these nodes: as wide as the longest, within reason. */
export const nameColumnsFor = (nodes: readonly TreeNode[], columns: number): number => {
  const widthOf = (node: TreeNode): number =>
    indentOf(node) + node.name.length + (node.item === null ? 0 : 2 + String(node.item).length);
  const longest = nodes.reduce((most, node) => Math.max(most, widthOf(node)), 0);
  return Math.min(longest, columns === Infinity ? Infinity : nameColumnsMost, Math.ceil(columns / 2));
};

/** State, name and facts of a node, in one line. */
const beginningOf = (node: TreeNode, { columns, nameColumns, now }: NodeLineStyle) => {
  const narrow = columns < wideEnough;
  const sign = nodeSigns[node.state];
  const state = narrow ? sign : `${sign} ${node.state.padEnd(9)}`;
  const title = titleOf(node, columns === Infinity ? Infinity : nameColumns).padEnd(nameColumns);
  return { state, title: safeLine(title), facts: safeLine(factsOf(node, now, narrow)) };
};

/** The first of these lines; the last one is marked where there were more. */
const atMost = (lines: readonly string[], most: number, columns: number): readonly string[] =>
  lines.length <= most ? lines : [...lines.slice(0, most - 1), cut(`${lines[most - 1]}…`, columns)];

/**
 * One node: its state, how long, its job, and why. Where that does not fit into one line, why follows in lines of its own;
 * `most`: how many lines there may be.
 */
export const nodeLines = (node: TreeNode, style: NodeLineStyle, most = Infinity): readonly string[] => {
  const { columns, now, colours } = style;
  const { state, title, facts } = beginningOf(node, style);
  const why = safeLine(whyOf(node, now));
  const space = columns - state.length - 1;
  const whole = [title, facts, why].filter((part) => part !== '').join('  ');
  const painted = (text: string): string =>
    `${paintState(colours, node.state, state)} ${cut(text, space)}`.trimEnd();
  if (whole.trimEnd().length <= space || why === '' || most < 2) return [painted(whole)];
  const indent = ' '.repeat(Math.min(state.length + 3 + indentOf(node), Math.floor(columns / 2)));
  const below = wrapText(why, columns - indent.length).map((line) => `${indent}${line}`);
  return [painted(`${title}  ${facts}`), ...atMost(below, most - 1, columns)];
};
