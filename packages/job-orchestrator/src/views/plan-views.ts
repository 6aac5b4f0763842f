import type { RepairPlanDto, RunPlanDto } from '@job-orchestrator/types';
import type { ListView } from '../output/format.ts';
import { reasonWords } from './node-line.ts';

type PlannedNode = RunPlanDto['nodes'][number];

const willOf = ({ will, items }: PlannedNode): string => {
  if (will === 'open') return 'depends';
  return items === null ? will : `${will} × ${items}`;
};

const whyOf = ({ will, reason, message, cached }: PlannedNode): string => {
  if (reason !== null) return message === null ? reasonWords[reason] : `${reasonWords[reason]}: ${message}`;
  if (will === 'open') return 'on how other nodes end, or on the run';
  return cached ? 'unless its result is there' : '';
};

/** Says what a node runs. */
const runsOf = ({ images }: Pick<RunPlanDto, 'images'>) => {
  const references = new Map(images.map(({ name, reference }) => [name, reference ?? 'not registered']));
  return ({ dag, image }: Pick<PlannedNode, 'dag' | 'image'>): string => {
    if (image !== null) return `${image} (${references.get(image)})`;
    if (dag === null) return 'a question to a person';
    return `DAG ${dag.name}${dag.version === null ? '' : ` v${dag.version}`}`;
  };
};

type RepairedNode = RepairPlanDto['nodes'][number];

const keptWords = {
  items: '; its items that completed are kept',
  sub_dag: '; its run goes on from that of the earlier run',
} as const;

const whyAgain = ({ again, keeps }: RepairedNode): string =>
  again === null ? '' : `${again}${keeps === null ? '' : keptWords[keeps]}`;

/** How much of a run runs again. */
export const repairCounts = ({
  kept,
  again,
  outputs,
}: Pick<RepairPlanDto, 'kept' | 'again' | 'outputs'>): string => {
  const counts = `${again} ${again === 1 ? 'node runs' : 'nodes run'} again, ${kept} ${kept === 1 ? 'is' : 'are'} kept`;
  return outputs === null ? counts : `${counts}; the outputs of the DAG ${outputs}`;
};

/** How the nodes of a run are listed that would repair another and was not started. */
export const repairPlanView = (plan: RepairPlanDto): ListView<RepairedNode> => ({
  kind: 'node',
  name: ({ name }) => name,
  whenEmpty: 'the DAG has no nodes',
  long: 'wrap',
  columns: [
    { header: 'NODE', value: ({ name }) => name },
    { header: 'WILL', value: ({ again }) => (again === null ? 'keep' : 'run') },
    { header: 'BEFORE', value: ({ before }) => before.state, drop: 2 },
    { header: 'RUNS', value: runsOf(plan), drop: 1 },
    { header: 'NEEDS', value: ({ needs }) => needs.join(', ') || '–', drop: 3 },
    { header: 'WHY', value: whyAgain },
  ],
});

/** How the nodes of a run are listed that was not started. */
export const planView = (plan: RunPlanDto): ListView<PlannedNode> => ({
  kind: 'node',
  name: ({ name }) => name,
  whenEmpty: 'the DAG has no nodes',
  long: 'wrap',
  columns: [
    { header: 'LEVEL', value: ({ level }) => String(level), drop: 2 },
    { header: 'NODE', value: ({ name }) => name },
    { header: 'WILL', value: willOf },
    { header: 'RUNS', value: runsOf(plan), drop: 1 },
    { header: 'NEEDS', value: ({ needs }) => needs.join(', ') || '–', drop: 3 },
    { header: 'WHY', value: whyOf },
  ],
});
