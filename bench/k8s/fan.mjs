import { setTimeout as pause } from 'node:timers/promises';
import { dagRules } from '../../packages/dag-orchestrator/dist/index.js';
import { applyDag, putImage, startRun } from '../../packages/operations/dist/index.js';
import { newDagRunId, newJobId } from '../../packages/types/dist/index.js';
import { spec } from './launches.mjs';

const context = { actor: 'bench', reason: 'benchmark' };

/** As people would write it: so many nodes of `true` at once, and one that needs them all. */
const fanOf = (width) => {
  const names = Array.from({ length: width }, (_, index) => `fan-${index}`);
  return {
    name: `fan-of-${width}`,
    defaults: { image: 'true' },
    nodes: { ...Object.fromEntries(names.map((name) => [name, {}])), join: { needs: names } },
  };
};

const untilEnded = async (database, id) => {
  for (;;) {
    const { state } = await database.dags.getRun(id);
    if (state === 'completed') return;
    if (state === 'failed' || state === 'cancelled') throw new Error(`the run of the fan is ${state}`);
    await pause(20);
  }
};

/** Runs a fan and a join as a DAG; seconds from the start of the run until it is completed. */
export const runFan = async (database, width) => {
  const ids = { newJobId, newDagRunId };
  const deps = { database, ...ids, dagRules, outputsSupported: false, autoRegisterImages: false };
  const { imageReference: reference, command } = spec;
  await putImage(deps, { name: 'true', project: 'default', reference, command }, context);
  const { project, name } = await applyDag(deps, fanOf(width), context);
  const before = performance.now();
  const { id } = await startRun(deps, { project, name, version: null, inputs: {} }, context);
  await untilEnded(database, id);
  return (performance.now() - before) / 1000;
};
