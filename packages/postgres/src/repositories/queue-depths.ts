import { OrchestratorError, type NewJob } from '@job-orchestrator/types';

/** A count is trusted for this long. */
const trustedMs = 10_000;

interface Allowance {
  left: number;
  readonly until: number;
}

/** Counts the jobs that wait in a topic. */
export type CountWaiting = (project: string, topic: string) => Promise<number>;

/**
 * Keeps a topic from growing past `most` waiting jobs. Counting a full topic costs 0.1 s, so a count gives this process
 * an allowance of a quarter of the room that is left; four processes together cannot overshoot.
 */
export const createQueueDepths = (most: number, count: CountWaiting) => {
  const allowances = new Map<string, Allowance>();

  const admit = async (project: string, topic: string, jobs: number): Promise<void> => {
    const key = `${project}/${topic}`;
    const allowance = allowances.get(key);
    if (allowance !== undefined && allowance.until > performance.now() && allowance.left >= jobs) {
      allowance.left -= jobs;
      return;
    }
    const waiting = await count(project, topic);
    if (waiting + jobs > most) {
      throw new OrchestratorError(
        'queue_full',
        `Topic ${topic} of project ${project} holds ${waiting} waiting jobs; with ${jobs} more it would pass its limit of ${most}.`,
      );
    }
    const left = Math.floor((most - waiting - jobs) / 4);
    allowances.set(key, { left, until: performance.now() + trustedMs });
  };

  /** Throws `queue_full` when a topic has no room for its part of these jobs. */
  return async (jobs: readonly NewJob[]): Promise<void> => {
    const wanted = new Map<string, { project: string; topic: string; jobs: number }>();
    let last = null as { project: string; topic: string; jobs: number } | null;
    for (const { project, topic } of jobs) {
      if (last === null || last.topic !== topic || last.project !== project) {
        const key: string = `${project}/${topic}`;
        last = wanted.get(key) ?? { project, topic, jobs: 0 };
        wanted.set(key, last);
      }
      last.jobs += 1;
    }
    for (const { project, topic, jobs: n } of wanted.values()) await admit(project, topic, n);
  };
};
