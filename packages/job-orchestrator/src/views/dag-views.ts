import type {
  ApprovalSummaryDto,
  DagRunDto,
  DagSummaryDto,
  DagVersionSummaryDto,
  DagRunState,
  NodeRunState,
} from '@job-orchestrator/types';
import { shortId } from '@job-orchestrator/types/ids';
import type { ListView } from '../output/format.ts';
import type { Colours } from '../output/screen.ts';
import { between } from '../output/times.ts';

/** How a run stands, in one word: one that is paused is not said to run. */
export const shownState = ({
  state,
  finishedAt,
  pausedAt,
}: Pick<DagRunDto, 'state' | 'finishedAt' | 'pausedAt'>): string =>
  finishedAt === null && pausedAt !== null ? 'paused' : state;

/** A word in the colour of its state. */
export const paintState = (colours: Colours, state: DagRunState | NodeRunState, text: string): string => {
  if (state === 'completed') return colours.green(text);
  if (state === 'failed') return colours.red(text);
  if (state === 'running') return colours.cyan(text);
  return state === 'cancelled' || state === 'skipped' ? colours.yellow(text) : text;
};

/** How DAGs are listed. */
export const dagsView = (now: Date): ListView<DagSummaryDto> => ({
  kind: 'dag',
  name: ({ name }) => name,
  whenEmpty: 'no DAGs; store one: job-orchestrator dag apply -f FILE',
  columns: [
    { header: 'NAME', value: ({ name }) => name },
    { header: 'VERSION', value: ({ version }) => String(version) },
    { header: 'NODES', value: ({ nodes }) => String(nodes), drop: 1 },
    { header: 'AGE', value: ({ createdAt }) => between(createdAt, null, now), drop: 2 },
  ],
});

/** How the versions of a DAG are listed. */
export const versionsView = (dag: string, now: Date): ListView<DagVersionSummaryDto> => ({
  kind: 'version',
  name: ({ version }) => `${dag}/${version}`,
  whenEmpty: 'no more versions',
  columns: [
    { header: 'VERSION', value: ({ version }) => String(version) },
    { header: 'AGE', value: ({ createdAt }) => between(createdAt, null, now) },
    { header: 'BY', value: ({ createdBy }) => createdBy, drop: 2 },
    { header: 'NODES', value: ({ nodes }) => String(nodes), drop: 1 },
    { header: 'RUNS', value: ({ runs }) => String(runs) },
    { header: 'DIGEST', value: ({ digest }) => digest.slice(0, 12) },
    { header: 'WHY', value: ({ reason }) => reason, drop: 3 },
  ],
});

/** How approvals that wait are listed. */
export const approvalsView = (now: Date): ListView<ApprovalSummaryDto> => ({
  kind: 'approval',
  name: ({ run, node }) => `${run}/${node}`,
  whenEmpty: 'nothing waits for an answer',
  long: 'wrap',
  columns: [
    { header: 'RUN', value: ({ run }) => shortId(run) },
    { header: 'NODE', value: ({ node }) => node },
    { header: 'DAG', value: ({ dag, version }) => `${dag} v${version}`, drop: 2 },
    { header: 'ASKED', value: ({ askedAt }) => `${between(askedAt, null, now)} ago`, drop: 3 },
    { header: 'LEFT', value: ({ expiresAt }) => between(now.toISOString(), expiresAt, now), drop: 1 },
    { header: 'ASKS', value: ({ message }) => message },
  ],
});

/** How runs are listed. */
export const runsView = (now: Date, colours: Colours): ListView<DagRunDto> => ({
  kind: 'run',
  name: ({ id }) => id,
  whenEmpty: 'no runs; start one: job-orchestrator dag run NAME',
  columns: [
    { header: 'ID', value: ({ id }) => shortId(id) },
    { header: 'DAG', value: ({ dag, version }) => `${dag} v${version}` },
    {
      header: 'STATE',
      value: shownState,
      paint: (cell, { state }) => paintState(colours, state, cell),
    },
    { header: 'OPEN', value: ({ open }) => String(open), drop: 2 },
    { header: 'RAN', value: ({ startedAt, finishedAt }) => between(startedAt, finishedAt, now), drop: 1 },
    { header: 'AGE', value: ({ createdAt }) => between(createdAt, null, now), drop: 3 },
  ],
});
