import type { Client } from '@job-orchestrator/client';
import { isTerminalJobState } from '@job-orchestrator/types';
import { eventually } from './eventually.ts';
import { allStories, listAllJobs } from './story.ts';
import { complaintsAbout, type JobStory } from './verdict.ts';
import type { PlannedJob } from './workload.ts';

/** Submits all planned jobs in one request; returns their ids in the same order. */
export const submitAll = async (client: Client, plan: readonly PlannedJob[]): Promise<readonly string[]> => {
  const answer = await client.submitJobs(
    plan.map(({ submission }) => submission),
    { idempotencyKey: 'the-batch' },
  );
  return answer.jobs.map(({ id }) => id);
};

/** Asks to cancel every endless job. */
export const cancelEndless = async (
  client: Client,
  plan: readonly PlannedJob[],
  ids: readonly string[],
): Promise<void> => {
  const endless = ids.filter((_, index) => plan[index]?.behaviour === 'endless');
  await Promise.all(endless.map((id) => client.cancelJob(id, { reason: 'no longer wanted' })));
};

/** Resolves once at least `count` jobs are in `state`. */
export const untilCount = async (
  client: Client,
  state: string,
  count: number,
  seconds: number,
): Promise<void> => {
  await eventually(`${count} jobs are ${state}`, seconds, async () => {
    const jobs = await listAllJobs(client);
    return jobs.filter((job) => job.state === state).length >= count;
  });
};

/** Waits until every job is over and returns their stories; fails with what still runs. */
export const untilAllOver = async (client: Client, seconds: number): Promise<readonly JobStory[]> => {
  await eventually('every job is over', seconds, async () => {
    const open = (await listAllJobs(client)).filter(({ state }) => !isTerminalJobState(state));
    if (open.length > 0) throw new Error(open.map(({ id, state }) => `${id} is ${state}`).join(', '));
    return true;
  });
  return allStories(client);
};

/** What contradicts the plan: another end than planned, or more attempts than its own failures explain. */
const planComplaints = (
  plan: readonly PlannedJob[],
  ids: readonly string[],
  stories: readonly JobStory[],
): string[] => {
  const byId = new Map(stories.map((story) => [story.job.id, story.job]));
  return plan.flatMap(({ behaviour, endsAs, attempts }, index) => {
    const job = byId.get(ids[index] ?? '');
    if (job === undefined) return [];
    const end =
      job.state === endsAs ? [] : [`${behaviour} job ${job.id} ended ${job.state}: ${job.failure?.message}`];
    return job.attempts.length === attempts
      ? end
      : [...end, `${behaviour} job ${job.id} took ${job.attempts.length} attempts instead of ${attempts}`];
  });
};

/** Everything that is wrong after a crash; nothing, for a sound system: not even one attempt was lost or repeated. */
export const complaintsAfterCrash = (
  plan: readonly PlannedJob[],
  ids: readonly string[],
  stories: readonly JobStory[],
): string[] => [...complaintsAbout(ids, stories), ...planComplaints(plan, ids, stories)];
