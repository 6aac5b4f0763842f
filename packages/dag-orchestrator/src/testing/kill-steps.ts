import { observer, onServer } from '@job-orchestrator/postgres/testing';
import { setTimeout as delay } from 'node:timers/promises';

/** How many kills have to meet a step. */
const enough = 3;
/**
 * After so many in one go the work is left in peace: 13 a second, as a quiet machine manages, meet each try of each step,
 * and a run of 40 steps then takes minutes.
 */
const mostAtOnce = 30;

/**
 * Kills connections in the middle of statements about DAG runs while `work` is in its `stepping` part. How many kills meet
 * a step depends on the machine: `work` is done again until enough did.
 */
export const killSteps = async (
  url: string,
  work: (stepping: <T>(part: () => Promise<T>) => Promise<T>) => Promise<void>,
): Promise<void> => {
  const state = { done: false, kills: 0, left: 0 };
  const strike = async (text: string): Promise<void> => {
    const { length } = (await onServer(url, text)).rows;
    state.kills += length;
    state.left -= length;
  };
  const kill = async (): Promise<void> => {
    while (!state.done) {
      const text = `
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and application_name <> '${observer}' and state <> 'idle'
  and (query like '%dag_due%' or query like '%node_runs%' or query like '%dag_runs%' or query like '%dag_approvals%')
limit 1`;
      if (state.left > 0) await strike(text);
      else await delay(5);
    }
  };
  const killing = kill();
  const stepping = async <T>(part: () => Promise<T>): Promise<T> => {
    state.left = mostAtOnce;
    return part().finally(() => {
      state.left = 0;
    });
  };
  try {
    while (state.kills < enough) await work(stepping);
  } finally {
    state.done = true;
    await killing;
  }
};
