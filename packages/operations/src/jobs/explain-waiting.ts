import {
  isTerminalJobState,
  type ExecutorRecord,
  type JobRecord,
  type Topic,
  type Waiting,
} from '@job-orchestrator/types';

const scheduledWaiting = (job: JobRecord): Waiting => {
  const at = job.runAt.toISOString();
  if (job.attempt === 0) return { reason: 'scheduled', message: `scheduled for ${at}` };
  return {
    reason: 'backing_off',
    message: `backing off after attempt ${job.attempt}; the next is due at ${at}`,
  };
};

const serves = (executor: ExecutorRecord, topic: string): boolean =>
  executor.live && !executor.draining && (executor.topics === null || executor.topics.includes(topic));

const noExecutor = (topic: string, executors: readonly ExecutorRecord[]): Waiting => ({
  reason: 'no_executor',
  message: executors.some((executor) => executor.live)
    ? `no live executor serves the topic ${topic}; start one with EXECUTOR_TOPICS=${topic} or ALL`
    : 'no executor is running; start one with `job-orchestrator executor`',
});

const pendingWaiting = (
  job: JobRecord,
  topic: Topic | null,
  executors: readonly ExecutorRecord[],
): Waiting => {
  if (topic?.paused === true) return { reason: 'topic_paused', message: `topic ${job.topic} is paused` };
  const serving = executors.filter((executor) => serves(executor, job.topic));
  if (serving.length === 0) return noExecutor(job.topic, executors);
  const held = topic === null ? 0 : topic.claimed + topic.running;
  if (topic !== null && topic.limit !== null && held >= topic.limit)
    return {
      reason: 'topic_limit',
      message: `topic ${job.topic} is at its limit: ${held} of ${topic.limit} run`,
    };
  if (serving.every((executor) => executor.running >= executor.maxRunning))
    return {
      reason: 'queued',
      message: `every executor of topic ${job.topic} is full (EXECUTOR_MAX_RUNNING)`,
    };
  return { reason: 'queued', message: 'an executor will take it within moments' };
};

/** A launch whose answer is open accepts a cancel, but cannot end before the runtime answers: people must see both. */
const claimedWaiting = (job: JobRecord, waiting: Waiting): Waiting =>
  waiting.reason === 'runtime_unreachable' && job.cancelRequestedAt !== null
    ? {
        ...waiting,
        message: `${waiting.message} The cancel is accepted: it ends cancelled once the runtime answers.`,
      }
    : waiting;

/**
 * Why a job does not run now, as a code and in plain words; null for a job that runs or has ended.
 * Pure: `topic` and `executors` as they stood when the job was read.
 */
export const explainWaiting = (
  job: JobRecord,
  topic: Topic | null,
  executors: readonly ExecutorRecord[],
): Waiting | null => {
  if (isTerminalJobState(job.state)) return null;
  if (job.state === 'scheduled') return scheduledWaiting(job);
  if (job.state === 'pending') return pendingWaiting(job, topic, executors);
  if (job.waiting !== null) return claimedWaiting(job, job.waiting);
  return job.state === 'claimed' ? { reason: 'launching', message: 'an executor is starting it' } : null;
};
