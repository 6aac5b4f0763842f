import { createDagOrchestrator, type DagOrchestrator } from '@job-orchestrator/dag-orchestrator';
import { createSystemClock } from '@job-orchestrator/executor-core/testing';
import { silentLog } from '@job-orchestrator/postgres/testing';
import { newDagRunId, newJobId, type JsonObject, type NodeRunDto } from '@job-orchestrator/types';
import type { Api } from './api-fixture.ts';

/** Advances the runs of a test's database. */
export const startOrchestrator = ({ database }: Api): DagOrchestrator => {
  const orchestrator = createDagOrchestrator({
    database,
    clock: createSystemClock(),
    log: silentLog,
    newJobId,
    newDagRunId,
    pollIntervalMs: 200,
  });
  orchestrator.start();
  return orchestrator;
};

/** Stores a DAG of these nodes and starts a run of it. */
export const startRunOf = async (
  { client }: Api,
  name: string,
  nodes: JsonObject,
  more: JsonObject = {},
): Promise<string> => {
  await client.applyDag({ name, defaults: { image: 'shell' }, nodes, ...more });
  return (await client.startDagRun(name)).id;
};

/** Every node of a run, by its name and item. */
export const nodesOf = async ({ client }: Api, run: string): Promise<Map<string, NodeRunDto>> => {
  const nodes = new Map<string, NodeRunDto>();
  for (let cursor: string | undefined; ;) {
    const page = await client.listNodeRuns(run, { limit: 200, ...(cursor === undefined ? {} : { cursor }) });
    for (const node of page.items) nodes.set(keyOf(node), node);
    if (page.next === null) return nodes;
    cursor = page.next;
  }
};

/** What a node run is called in tests. */
export const keyOf = ({ name, item }: NodeRunDto): string => (item === null ? name : `${name}[${item}]`);

/** Waits for the job of a node, and ends it; with an exit code other than 0 it fails. */
export const endNode = async (api: Api, run: string, node: string, exitCode = 0): Promise<void> => {
  const attempt = await api.driver.start(await jobOfNode(api, run, node));
  await api.driver.end(attempt, exitCode);
};

/** The job of a node, once there is one. */
export const jobOfNode = async (api: Api, run: string, node: string): Promise<string> => {
  for await (const message of api.client.followDagRun(run)) {
    if (message.kind === 'node' && keyOf(message.node) === node && message.node.jobId !== null)
      return message.node.jobId;
  }
  throw new Error(`the run ended, and ${node} never had a job`);
};
