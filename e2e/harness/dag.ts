import type { Client } from '@job-orchestrator/client';
import { dagLabels, type JsonObject, type NodeRunDto } from '@job-orchestrator/types';
import { eventually } from './eventually.ts';
import { listAllJobs, storyOf } from './story.ts';
import { complaintsAbout, type JobStory } from './verdict.ts';

/** `node`, or `node[item]`. */
export const nodeKey = ({ name, item }: NodeRunDto): string => (item === null ? name : `${name}[${item}]`);

/** Every node run of a run, by its key. */
export const nodeRuns = async (client: Client, run: string): Promise<ReadonlyMap<string, NodeRunDto>> => {
  const nodes = new Map<string, NodeRunDto>();
  for (let cursor: string | undefined; ;) {
    const page = await client.listNodeRuns(run, { limit: 500, ...(cursor === undefined ? {} : { cursor }) });
    for (const node of page.items) nodes.set(nodeKey(node), node);
    if (page.next === null) return nodes;
    cursor = page.next;
  }
};

/** Stores a definition and starts a run of it. */
export const startRun = async (client: Client, document: JsonObject): Promise<string> => {
  const { name } = await client.applyDag(document);
  return (await client.startDagRun(name, { idempotencyKey: `run ${name}` })).id;
};

/** Resolves once a run has ended. */
export const untilRunEnded = async (client: Client, run: string, seconds: number) =>
  eventually(`run ${run} has ended`, seconds, async () => {
    const found = await client.getDagRun(run);
    if (found.finishedAt === null) throw new Error(`${found.open} nodes are open`);
    return found;
  });

/** How many node runs have ended. */
export const endedCount = async (client: Client, run: string): Promise<number> =>
  [...(await nodeRuns(client, run)).values()].filter(({ finishedAt }) => finishedAt !== null).length;

/** The stories of all jobs that belong to a run. */
export const storiesOfRun = async (client: Client, run: string): Promise<readonly JobStory[]> => {
  const stories: JobStory[] = [];
  for (const { id } of await listAllJobs(client)) {
    const story = await storyOf(client, id);
    if (story.job.spec.labels[dagLabels.run] === run) stories.push(story);
  }
  return stories;
};

/** How a node has to end, and after how many attempts of its job; 0: it never has one. */
export interface PlannedNode {
  readonly endsAs: NodeRunDto['state'];
  readonly attempts: number;
}

const told = (attempts: JobStory['job']['attempts']): string =>
  attempts.map(({ state, failure }) => `${state} ${JSON.stringify(failure)}`).join('; ');

/**
 * What is wrong with an ended run: a node that is not as planned, a job that no node has, that two have, or that was
 * made twice for one, and whatever is wrong with the jobs themselves.
 */
export const runComplaints = (
  plan: ReadonlyMap<string, PlannedNode>,
  nodes: ReadonlyMap<string, NodeRunDto>,
  stories: readonly JobStory[],
): string[] => {
  const jobs = [...nodes.values()].flatMap(({ jobId }) => (jobId === null ? [] : [jobId]));
  const attempts = new Map(stories.map(({ job }) => [job.id, job.attempts]));
  const nodeComplaints = [...plan].flatMap(([key, planned]) => {
    const node = nodes.get(key);
    if (node === undefined) return [`there is no node run ${key}`];
    const tries = node.jobId === null ? [] : (attempts.get(node.jobId) ?? []);
    const took = tries.length;
    return [
      ...(node.state === planned.endsAs ? [] : [`${key} is ${node.state} (${node.reason}): ${node.message}`]),
      ...(took === planned.attempts
        ? []
        : [`${key} took ${took} attempts instead of ${planned.attempts}: ${told(tries)}`]),
      ...(took === (node.attempt ?? 0) ? [] : [`${key} tells of ${node.attempt} attempts, not of ${took}`]),
    ];
  });
  return [
    ...nodeComplaints,
    ...[...nodes.keys()].filter((key) => !plan.has(key)).map((key) => `nobody planned ${key}`),
    ...(new Set(jobs).size === jobs.length ? [] : ['two node runs have the same job']),
    ...complaintsAbout(jobs, stories),
  ];
};
