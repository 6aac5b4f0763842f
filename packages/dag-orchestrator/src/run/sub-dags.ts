import { initialRun } from '@job-orchestrator/operations';
import type {
  DagGraph,
  DagRepository,
  DagRunSetup,
  RunProgress,
  SubDagNode,
  ValueSchema,
} from '@job-orchestrator/types';
import { keepNewest } from './keep-newest.ts';

/** What a node needs to know of the version of the DAG that it runs. */
export interface SubDag {
  readonly version: number;
  readonly inputs: Readonly<Record<string, ValueSchema>>;
  /** Where a run of it begins. */
  readonly progress: RunProgress;
  readonly deadlineSeconds: number;
}

/** By the name of the `dag` node. */
export type SubDags = ReadonlyMap<string, SubDag>;

const subDagsMost = 4_096;

const toSubDag = (version: number, graph: DagGraph): SubDag => ({
  version,
  inputs: graph.inputs,
  progress: initialRun(graph),
  deadlineSeconds: graph.deadlineSeconds,
});

/** Reads what the `dag` nodes of a run's graph run: the version that they name, else the one pinned at the run's start. */
export const createSubDagReader = ({ getVersion }: DagRepository) => {
  const kept = keepNewest<SubDag>(subDagsMost);
  const read = async (project: string, name: string, version: number | null): Promise<SubDag> => {
    const found = version === null ? null : await getVersion(project, name, version);
    if (found === null) throw new Error(`version ${version} of DAG ${project}/${name} is gone`);
    return toSubDag(found.version, found.graph);
  };
  return async ({ project, pins }: DagRunSetup, { nodes }: DagGraph): Promise<SubDags> => {
    const subDags = new Map<string, SubDag>();
    for (const { name, dag } of nodes.filter((node): node is SubDagNode => node.kind === 'dag')) {
      const version = dag.version ?? pins[dag.name] ?? null;
      const key = `${project}/${dag.name}/${version}`;
      subDags.set(name, await kept(key, () => read(project, dag.name, version)));
    }
    return subDags;
  };
};
