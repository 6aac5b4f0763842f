import type { DagRepository, DagRunId, DagRunSetup } from '@job-orchestrator/types';
import { indexGraph, type GraphIndex } from '../plan/graph-index.ts';

/** Graphs kept in memory; one of 100,000 nodes takes about 100 MB. */
const graphsMost = 8;
const setupsMost = 256;

/** Keeps the newest `most` values; each is loaded once while it is kept. */
const keepNewest = <Value>(most: number) => {
  const kept = new Map<string, Promise<Value>>();
  return (key: string, load: () => Promise<Value>): Promise<Value> => {
    const value = kept.get(key) ?? load();
    kept.delete(key);
    kept.set(key, value);
    value.catch(() => kept.delete(key));
    const [oldest] = kept.keys();
    if (kept.size > most && oldest !== undefined) kept.delete(oldest);
    return value;
  };
};

/** What never changes of runs, read once: versions are immutable, and so is what a run began with. */
export const createRunReader = (dags: DagRepository) => {
  const graphs = keepNewest<GraphIndex>(graphsMost);
  const setups = keepNewest<DagRunSetup | null>(setupsMost);
  const graphOf = async ({ project, dag, version }: DagRunSetup): Promise<GraphIndex> => {
    const found = await dags.getVersion(project, dag, version);
    if (found === null) throw new Error(`version ${version} of DAG ${project}/${dag} is gone`);
    return indexGraph(found.graph);
  };
  return async (run: DagRunId): Promise<{ setup: DagRunSetup; index: GraphIndex } | null> => {
    const setup = await setups(run, () => dags.getSetup(run));
    if (setup === null) return null;
    const key = `${setup.project}/${setup.dag}/${setup.version}`;
    return { setup, index: await graphs(key, () => graphOf(setup)) };
  };
};
