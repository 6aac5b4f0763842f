import { OrchestratorError, type NewJob } from '@job-orchestrator/types';
import type { Sql } from '../connection/sql.ts';
import { countWaiting } from '../sql/queue-upkeep.ts';

/** A count is trusted for this long. */
const trustedMs = 10_000;

interface Allowance {
  left: number;
  readonly until: number;
}

/** How many of these jobs go to each topic. */
const byTopic = (jobs: readonly Pick<NewJob, 'project' | 'topic'>[]) => {
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
  return wanted.values();
};

/** Keeps topics from growing past their limit of waiting jobs. */
export interface QueueDepths {
  /** Throws `queue_full` when a topic has no room for its part of these jobs. */
  admit(sql: Sql, jobs: readonly NewJob[]): Promise<void>;
  /** Which of these topics have no room for a single job. */
  full(sql: Sql, project: string, topics: readonly string[]): Promise<ReadonlySet<string>>;
  /** Counts jobs that were stored without asking for each. */
  spend(jobs: readonly Pick<NewJob, 'project' | 'topic'>[]): void;
}

/**
 * Keeps a topic from growing past `most` waiting jobs. Counting a full topic costs 0.1 s, so a count gives this process
 * an allowance of a quarter of the room that is left; four processes together cannot overshoot.
 */
export const createQueueDepths = (most: number): QueueDepths => {
  const allowances = new Map<string, Allowance>();

  /** The allowance of a topic while it is trusted and holds as much. */
  const trusted = (key: string, jobs: number): Allowance | null => {
    const allowance = allowances.get(key);
    const holds = allowance !== undefined && allowance.until > performance.now() && allowance.left >= jobs;
    return holds ? allowance : null;
  };
  const allow = (key: string, room: number): void => {
    allowances.set(key, { left: Math.floor(room / 4), until: performance.now() + trustedMs });
  };
  const admit = async (sql: Sql, project: string, topic: string, jobs: number): Promise<void> => {
    const key = `${project}/${topic}`;
    const allowance = trusted(key, jobs);
    if (allowance !== null) {
      allowance.left -= jobs;
      return;
    }
    const waiting = await countWaiting(sql, project, topic, most + 1);
    if (waiting + jobs > most) {
      throw new OrchestratorError(
        'queue_full',
        `Topic ${topic} of project ${project} holds ${waiting} waiting jobs; with ${jobs} more it would pass its limit of ${most}.`,
      );
    }
    allow(key, most - waiting - jobs);
  };
  const isFull = async (sql: Sql, project: string, topic: string): Promise<boolean> => {
    const key = `${project}/${topic}`;
    if (trusted(key, 1) !== null) return false;
    const waiting = await countWaiting(sql, project, topic, most + 1);
    allow(key, Math.max(0, most - waiting));
    return waiting >= most;
  };
  return {
    admit: async (sql, jobs) => {
      for (const { project, topic, jobs: n } of byTopic(jobs)) await admit(sql, project, topic, n);
    },
    full: async (sql, project, topics) => {
      const full = new Set<string>();
      for (const topic of topics) if (await isFull(sql, project, topic)) full.add(topic);
      return full;
    },
    spend: (jobs) => {
      for (const { project, topic, jobs: n } of byTopic(jobs)) {
        const allowance = allowances.get(`${project}/${topic}`);
        if (allowance !== undefined) allowance.left = Math.max(0, allowance.left - n);
      }
    },
  };
};
