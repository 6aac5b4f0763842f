import { shortId } from '@job-orchestrator/types/ids';
import type { NodeResult } from '../commands/run-nodes.ts';
import type { ListView } from '../output/format.ts';
import type { Colours } from '../output/screen.ts';
import { paintState } from './dag-views.ts';
import { ranText, whyOf } from './node-line.ts';

const titleOf = ({ name, item }: NodeResult): string => (item === null ? name : `${name}[${item}]`);

const jobOf = ({ jobId, childRun }: NodeResult): string => {
  if (childRun !== null) return `run ${shortId(childRun)}`;
  return jobId === null ? '–' : shortId(jobId);
};

const outcome = (node: NodeResult, now: Date): string =>
  node.output === null ? whyOf(node, now) : JSON.stringify(node.output);

/** How the nodes of a run are listed, with what they brought. */
export const nodesView = (now: Date, colours: Colours): ListView<NodeResult> => ({
  kind: 'node',
  name: titleOf,
  whenEmpty: 'no nodes on this page',
  long: 'wrap',
  columns: [
    { header: 'NODE', value: titleOf },
    {
      header: 'STATE',
      value: ({ state }) => state,
      paint: (cell, { state }) => paintState(colours, state, cell),
    },
    { header: 'JOB', value: jobOf, drop: 2 },
    { header: 'TRIES', value: ({ attempt }) => String(attempt ?? '–'), drop: 1 },
    { header: 'RAN', value: (node) => ranText(node, now), drop: 3 },
    { header: 'OUTPUT OR WHY', value: (node) => outcome(node, now) },
  ],
});
