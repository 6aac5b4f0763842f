import type { DagRunDto, NodeRunDto } from '@job-orchestrator/types';
import { shortId } from '@job-orchestrator/types/ids';
import { safeLine } from '../output/sanitize.ts';
import type { Colours } from '../output/screen.ts';
import { between, timeText } from '../output/times.ts';
import { wrapText } from '../output/wrap.ts';
import { paintState, shownState } from './dag-views.ts';
import { nameColumnsFor, nodeLines, waitsForPerson, type TreeNode } from './node-line.ts';

/** Items beyond this many are told by their node's count only, but for those that failed. */
const itemsShown = 10;

/** True for a node run that gets a line of its own. */
export const isShown = ({ item, state }: NodeRunDto): boolean =>
  item === null || item < itemsShown || state === 'failed';

/** What a person can do about questions that wait. */
export const questions = (nodes: readonly TreeNode[]): readonly string[] => {
  const asking = nodes.filter(waitsForPerson);
  const [first] = asking;
  if (first === undefined) return [];
  const [what, who] = asking.length === 1 ? ['1 node waits', 'it'] : [`${asking.length} nodes wait`, 'one'];
  const command = `job-orchestrator dag approve ${shortId(first.run)} ${first.name}`;
  return ['', `${what} for a person; answer ${who}: ${command} (or dag reject)`];
};

const isFailedJob = ({ jobId, reason }: NodeRunDto): boolean =>
  jobId !== null && (reason === 'job_failed' || reason === 'output');

/** Where failed jobs say more. */
export const failures = (nodes: readonly TreeNode[]): readonly string[] => {
  const failed = nodes.filter(isFailedJob);
  const [first] = failed;
  if (first === undefined) return [];
  const which =
    failed.length === 1
      ? 'the log of the failed job'
      : `the log of the first of ${failed.length} failed jobs`;
  return [`${which}: job-orchestrator logs ${shortId(first.jobId!)}`];
};

const parentLine = ({ parent }: DagRunDto): readonly string[] => {
  if (parent === null) return [];
  const { run, name, item } = parent;
  return [`runs for node ${name}${item === null ? '' : `[${item}]`} of run ${shortId(run)}`];
};

/** A run begins within this time, wherever anybody advances runs. */
const soonMs = 15_000;

/** What stopped a run before its nodes had ended; empty where nothing did. */
const stopText = ({ stopping, startedAt, createdAt, deadlineAt }: DagRunDto): string => {
  if (stopping === 'deadline')
    return ` It passed its deadline of ${between(createdAt, deadlineAt, new Date(deadlineAt))} (deadlineSeconds).`;
  return stopping === 'fail_fast' && startedAt !== null
    ? ' The first failure stopped the rest (failFast).'
    : '';
};

/** A retry runs what ended so; of a run that only its outputs failed it has nothing to run. */
const canRetry = (nodes: readonly TreeNode[]): boolean =>
  nodes.some(({ state }) => state === 'failed' || state === 'cancelled');

const retryText = ({ id, state }: DagRunDto, nodes: readonly TreeNode[]): string =>
  state === 'failed' && canRetry(nodes)
    ? ` Run what failed again: job-orchestrator dag retry ${shortId(id)}`
    : '';

/** As a sentence, for more may follow. */
const messageText = ({ message }: DagRunDto): string =>
  message === null ? '' : ` ${safeLine(message)}${message.endsWith('.') ? '' : '.'}`;

const headline = (run: DagRunDto, now: Date): string => {
  const ran = between(run.startedAt, run.finishedAt, now);
  if (run.state === 'completed') return `It completed in ${ran}.`;
  if (run.state === 'failed') return `It failed after ${ran}.${stopText(run)}`;
  if (run.state === 'cancelled') return `It was cancelled after ${ran}.`;
  if (run.pausedAt !== null) return `It is paused; go on: job-orchestrator dag resume ${shortId(run.id)}`;
  if (run.stopping !== null) return `It stops: what runs is being cancelled.${stopText(run)}`;
  if (run.heldTopic !== null)
    return `It waits: topic ${run.heldTopic} holds as many jobs as it may; nodes start when it has room.`;
  if (run.state === 'pending')
    return now.getTime() - Date.parse(run.createdAt) < soonMs
      ? 'It begins.'
      : 'It has not begun: does a `serve` or a `dag serve` run, and what does its log say?';
  return `It runs for ${ran}; ${run.open === 1 ? '1 node has' : `${run.open} nodes have`} not ended.`;
};

/** The inputs or outputs of a run as a line; none where there are none. */
export const valuesLine = (label: string, values: DagRunDto['outputs']): string[] =>
  values === null || Object.keys(values).length === 0 ? [] : [`${label} ${safeLine(JSON.stringify(values))}`];

/** A run as text: what it is, how it stands, and each node in the order of the graph. Ends with a newline. */
export const runStory = (
  run: DagRunDto,
  nodes: readonly TreeNode[],
  now: Date,
  colours: Colours,
  columns = Infinity,
): string => {
  const shown = nodes.filter(isShown);
  const hidden = nodes.length - shown.length;
  const style = { now, colours, columns, nameColumns: nameColumnsFor(shown, columns) };
  const wrapped = (line: string): string[] => wrapText(line, columns);
  const lines = [
    `${colours.bold(`${run.dag} v${run.version}`)}  ${paintState(colours, run.state, shownState(run))}  ${run.id}`,
    ...wrapped(`${headline(run, now)}${messageText(run)}${retryText(run, nodes)}`),
    ...wrapped(`started ${timeText(run.startedAt)} by ${safeLine(run.createdBy)}: ${safeLine(run.reason)}`),
    ...parentLine(run),
    ...(run.scheduledAt === null
      ? []
      : [
          `for     ${timeText(run.scheduledAt)}, ${run.schedule === null ? 'of a schedule that was deleted' : `schedule ${run.schedule}`}`,
        ]),
    ...(run.retryOf === null ? [] : [`parts of run ${shortId(run.retryOf)}, run again`]),
    ...valuesLine('inputs ', run.inputs),
    ...valuesLine('outputs', run.outputs),
    '',
    ...shown.flatMap((node) => nodeLines(node, style)),
    ...(hidden === 0 ? [] : [`… and ${hidden} more items: job-orchestrator get nodes ${shortId(run.id)}`]),
    ...failures(nodes).flatMap((line) => ['', ...wrapped(line)]),
    ...questions(nodes).flatMap(wrapped),
  ];
  return `${lines.join('\n')}\n`;
};
