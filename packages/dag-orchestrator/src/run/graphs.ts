import { topicOf, type DagRepository, type DagRunId, type DagRunSetup } from '@job-orchestrator/types';
import { indexGraph, type GraphIndex } from '../plan/graph-index.ts';
import { keepNewest } from './keep-newest.ts';
import { createSubDagReader, type SubDags } from './sub-dags.ts';

/** Graphs kept in memory; one of 100,000 nodes takes about 100 MB. */
const graphsMost = 8;
const runsMost = 256;

/** A graph, and the topics of its jobs. */
interface KnownGraph {
  readonly index: GraphIndex;
  readonly topics: readonly string[];
}

/** What a step needs of a run that never changes. */
export interface KnownRun extends KnownGraph {
  readonly setup: DagRunSetup;
  readonly subDags: SubDags;
}

/** Where the jobs of a graph go. */
const topicsOf = ({ graph }: GraphIndex): readonly string[] => [
  ...new Set(graph.nodes.map(topicOf).filter((topic) => topic !== null)),
];

/** What never changes of runs, read once: versions are immutable, and so is what a run began with. */
export const createRunReader = (dags: DagRepository) => {
  const graphs = keepNewest<KnownGraph>(graphsMost);
  const runs = keepNewest<Omit<KnownRun, keyof KnownGraph> | null>(runsMost);
  const readSubDags = createSubDagReader(dags);
  const load = async ({ project, dag, version }: DagRunSetup): Promise<KnownGraph> => {
    const found = await dags.getVersion(project, dag, version);
    if (found === null) throw new Error(`version ${version} of DAG ${project}/${dag} is gone`);
    const index = indexGraph(found.graph);
    return { index, topics: topicsOf(index) };
  };
  const graphOf = (setup: DagRunSetup): Promise<KnownGraph> =>
    graphs(`${setup.project}/${setup.dag}/${setup.version}`, () => load(setup));
  const begin = async (id: DagRunId): Promise<Omit<KnownRun, keyof KnownGraph> | null> => {
    const setup = await dags.getSetup(id);
    if (setup === null) return null;
    return { setup, subDags: await readSubDags(setup, (await graphOf(setup)).index.graph) };
  };
  return async (id: DagRunId): Promise<KnownRun | null> => {
    const run = await runs(id, () => begin(id));
    return run === null ? null : { ...run, ...(await graphOf(run.setup)) };
  };
};
