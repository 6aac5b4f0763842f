import type { DagRepository, DagRunId, DagRunSetup } from '@job-orchestrator/types';
import { indexGraph, type GraphIndex } from '../plan/graph-index.ts';
import { keepNewest } from './keep-newest.ts';
import { createSubDagReader, type SubDags } from './sub-dags.ts';

/** Graphs kept in memory; one of 100,000 nodes takes about 100 MB. */
const graphsMost = 8;
const runsMost = 256;

/** What a step needs of a run that never changes. */
export interface KnownRun {
  readonly setup: DagRunSetup;
  readonly index: GraphIndex;
  readonly subDags: SubDags;
}

/** What never changes of runs, read once: versions are immutable, and so is what a run began with. */
export const createRunReader = (dags: DagRepository) => {
  const graphs = keepNewest<GraphIndex>(graphsMost);
  const runs = keepNewest<Omit<KnownRun, 'index'> | null>(runsMost);
  const readSubDags = createSubDagReader(dags);
  const load = async ({ project, dag, version }: DagRunSetup): Promise<GraphIndex> => {
    const found = await dags.getVersion(project, dag, version);
    if (found === null) throw new Error(`version ${version} of DAG ${project}/${dag} is gone`);
    return indexGraph(found.graph);
  };
  const graphOf = (setup: DagRunSetup): Promise<GraphIndex> =>
    graphs(`${setup.project}/${setup.dag}/${setup.version}`, () => load(setup));
  const begin = async (id: DagRunId): Promise<Omit<KnownRun, 'index'> | null> => {
    const setup = await dags.getSetup(id);
    if (setup === null) return null;
    return { setup, subDags: await readSubDags(setup, (await graphOf(setup)).graph) };
  };
  return async (id: DagRunId): Promise<KnownRun | null> => {
    const run = await runs(id, () => begin(id));
    return run === null ? null : { ...run, index: await graphOf(run.setup) };
  };
};
