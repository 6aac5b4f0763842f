import type { DagRunDto, NodeReason, NodeRunDto } from '@job-orchestrator/types';
import { shortId } from '@job-orchestrator/types/ids';
import { safeLine } from '../output/sanitize.ts';
import type { Colours } from '../output/screen.ts';
import { between, timeText } from '../output/times.ts';
import { paintState } from './dag-views.ts';

/** Why a node ended so, in plain words. */
const reasons: Readonly<Record<NodeReason, string>> = {
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
};

const marks = {
  waiting: '·',
  ready: '○',
  running: '●',
  completed: '✔',
  failed: '✖',
  skipped: '–',
  cancelled: '■',
} as const;

const waits: Readonly<Record<string, string>> = {
  waiting: 'for nodes that it needs',
  ready: 'for a free place: a limit, or a pause',
};

/** A node run with the run that it belongs to, and how many runs deep that is below the one that is told of. */
export interface TreeNode extends NodeRunDto {
  readonly run: string;
  readonly depth: number;
}

const waitsForPerson = ({ approval }: NodeRunDto): boolean => approval?.state === 'waiting';

const why = (node: NodeRunDto, now: Date): string => {
  const { state, reason, message, approval } = node;
  if (approval?.state === 'waiting')
    return `asks: ${approval.message}  (${between(now.toISOString(), approval.expiresAt, now)} left)`;
  if (reason === null) return message ?? waits[state] ?? '';
  return message === null ? reasons[reason] : `${reasons[reason]}: ${message}`;
};

/** One node as a line: its state, how long, its job, and why. */
export const nodeLine = (node: TreeNode, now: Date, colours?: Colours): string => {
  const { state, name, item, items, jobId, childRun, keptFrom, startedAt, finishedAt, depth } = node;
  const indent = '  '.repeat(2 * depth + (item === null ? 0 : 1));
  const title = `${indent}${name}${item === null ? '' : `[${item}]`}`;
  const word = `${marks[state]} ${state.padEnd(9)}`;
  const count =
    items === null ? '' : `${items.completed + items.failed + items.cancelled}/${items.total} items`;
  const ran = startedAt === null ? '' : between(startedAt, finishedAt, now);
  const kept = keptFrom === null ? '' : `kept from run ${shortId(keptFrom)}`;
  const job = jobId === null ? '' : `job ${shortId(jobId)}`;
  const child = childRun === null ? '' : `run ${shortId(childRun)}`;
  const facts = [ran, count, job, child, kept, why(node, now)].filter((fact) => fact !== '').join('  ');
  const painted = colours === undefined ? word : paintState(colours, state, word);
  return `${painted} ${safeLine(title.padEnd(24))} ${safeLine(facts)}`.trimEnd();
};

/** Items beyond this many are told by their node's count only, but for those that failed. */
const itemsShown = 10;

/** True for a node run that gets a line of its own. */
export const isShown = ({ item, state }: NodeRunDto): boolean =>
  item === null || item < itemsShown || state === 'failed';

/** What a person can do about questions that wait. */
const questions = (nodes: readonly TreeNode[]): readonly string[] => {
  const asking = nodes.filter(waitsForPerson);
  const [first] = asking;
  if (first === undefined) return [];
  const [what, who] = asking.length === 1 ? ['1 node waits', 'it'] : [`${asking.length} nodes wait`, 'one'];
  const command = `job-orchestrator dag approve ${shortId(first.run)} ${first.name}`;
  return ['', `${what} for a person; answer ${who}: ${command} (or dag reject)`];
};

const parentLine = ({ parent }: DagRunDto): readonly string[] => {
  if (parent === null) return [];
  const { run, name, item } = parent;
  return [`runs for node ${name}${item === null ? '' : `[${item}]`} of run ${shortId(run)}`];
};

const headline = (run: DagRunDto, now: Date): string => {
  const ran = between(run.startedAt, run.finishedAt, now);
  if (run.state === 'completed') return `It completed in ${ran}.`;
  if (run.state === 'failed')
    return `It failed after ${ran}. Run what failed again: job-orchestrator dag retry ${shortId(run.id)}`;
  if (run.state === 'cancelled') return `It was cancelled after ${ran}.`;
  if (run.pausedAt !== null) return `It is paused; go on: job-orchestrator dag resume ${shortId(run.id)}`;
  if (run.stopping !== null) return 'It stops: what runs is being cancelled.';
  if (run.heldTopic !== null)
    return `It waits: topic ${run.heldTopic} holds as many jobs as it may; nodes start when it has room.`;
  return run.state === 'pending'
    ? 'It begins.'
    : `It runs for ${ran}; ${run.open === 1 ? '1 node has' : `${run.open} nodes have`} not ended.`;
};

/** A run as text: what it is, how it stands, and each node in the order of the graph. Ends with a newline. */
export const runStory = (run: DagRunDto, nodes: readonly TreeNode[], now: Date, colours: Colours): string => {
  const lines = [
    `${colours.bold(`${run.dag} v${run.version}`)}  ${paintState(colours, run.state, run.state)}  ${run.id}`,
    `${headline(run, now)}${run.message === null ? '' : ` ${safeLine(run.message)}`}`,
    `started ${timeText(run.startedAt)} by ${safeLine(run.createdBy)}: ${safeLine(run.reason)}`,
    ...parentLine(run),
    ...(run.scheduledAt === null
      ? []
      : [
          `for     ${timeText(run.scheduledAt)}, ${run.schedule === null ? 'of a schedule that was deleted' : `schedule ${run.schedule}`}`,
        ]),
    ...(run.retryOf === null ? [] : [`parts of run ${shortId(run.retryOf)}, run again`]),
    ...(Object.keys(run.inputs).length === 0 ? [] : [`inputs  ${safeLine(JSON.stringify(run.inputs))}`]),
    ...(run.outputs === null || Object.keys(run.outputs).length === 0
      ? []
      : [`outputs ${safeLine(JSON.stringify(run.outputs))}`]),
    '',
    ...nodes.filter(isShown).map((node) => nodeLine(node, now, colours)),
    ...questions(nodes),
  ];
  return `${lines.join('\n')}\n`;
};
