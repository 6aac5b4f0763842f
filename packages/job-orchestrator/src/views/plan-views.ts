import type { RunPlanDto } from '@job-orchestrator/types';
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

/** How the nodes of a run are listed that was not started. */
export const planView = ({ images }: RunPlanDto): ListView<PlannedNode> => {
  const references = new Map(images.map(({ name, reference }) => [name, reference ?? 'not registered']));
  const runs = ({ dag, image }: PlannedNode): string => {
    if (image !== null) return `${image} (${references.get(image)})`;
    if (dag === null) return 'a question to a person';
    return `DAG ${dag.name}${dag.version === null ? '' : ` v${dag.version}`}`;
  };
  return {
    kind: 'node',
    name: ({ name }) => name,
    whenEmpty: 'the DAG has no nodes',
    long: 'wrap',
    columns: [
      { header: 'LEVEL', value: ({ level }) => String(level), drop: 2 },
      { header: 'NODE', value: ({ name }) => name },
      { header: 'WILL', value: willOf },
      { header: 'RUNS', value: runs, drop: 1 },
      { header: 'NEEDS', value: ({ needs }) => needs.join(', ') || '–', drop: 3 },
      { header: 'WHY', value: whyOf },
    ],
  };
};
