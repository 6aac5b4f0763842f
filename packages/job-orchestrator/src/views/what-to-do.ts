import type { JobDetail, WaitingReason } from '@job-orchestrator/types';
import { shortId } from '@job-orchestrator/types/ids';
import { isTerminalJobState } from '@job-orchestrator/types/states';

type Advice = (job: JobDetail) => string;

const cancel = ({ id }: JobDetail): string => `job-orchestrator cancel ${shortId(id)}`;

/** What a person can do about a wait; nothing is said of waits that pass by themselves. */
const advice: Partial<Readonly<Record<WaitingReason, Advice>>> = {
  topic_paused: ({ topic }) => `job-orchestrator topic resume ${topic}`,
  topic_limit: ({ topic }) =>
    `Wait until others of the topic end, or raise its limit: job-orchestrator topic limit ${topic} NUMBER`,
  no_executor: () => 'Start an executor that serves this topic: job-orchestrator executor',
  unschedulable: (job) =>
    `Wait for room or add a node; it starts by itself and no retry is spent. If no node can ever fit it: ${cancel(job)}, and submit it with smaller resources or another profile.`,
  image_problem: (job) =>
    `Check the reference ${job.spec.imageReference}, and whether the nodes may pull it; it starts by itself if they can in time. If the reference is wrong: job-orchestrator image add ${job.spec.image} REFERENCE, ${cancel(job)}, and submit it anew.`,
  configuration_problem: (job) =>
    `Make or mend what the message names in time, and it starts by itself. Else: ${cancel(job)}`,
  quota: () => 'Wait until others end, or ask for more quota in its namespace; no retry is spent.',
  suspended: () =>
    'A queue manager (such as Kueue) or a gate holds it; ask there. It starts by itself once it is let go.',
  runtime_unreachable: () =>
    'Look at the API server and the rights of the executor: job-orchestrator doctor. The job is safe meanwhile.',
  node_lost: () =>
    'Look at the node; it goes on when the node is back, or when the node is deleted from the cluster.',
};

/** What to do about a job that failed or waits, in a sentence or a command; null: nothing. */
export const whatToDo = (job: JobDetail): string | null => {
  if (job.failure !== null && job.state === 'failed')
    return `${job.failure.hint} Then run it again: job-orchestrator retry ${shortId(job.id)}`;
  if (job.waitingFor === null || isTerminalJobState(job.state)) return null;
  return advice[job.waitingFor.reason]?.(job) ?? null;
};
