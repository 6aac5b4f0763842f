import { observer, onServer } from '@job-orchestrator/postgres/testing';
import { setImmediate as turn } from 'node:timers/promises';

/** How many kills have to meet a step. */
const enough = 3;

/**
 * Kills connections in the middle of statements about DAG runs while `work` is in its `stepping` part. How many kills meet
 * a step depends on the machine: `work` is done again until enough did.
 */
export const killSteps = async (
  url: string,
  work: (stepping: <T>(part: () => Promise<T>) => Promise<T>) => Promise<void>,
): Promise<void> => {
  const state = { done: false, kills: 0, stepping: false };
  const kill = async (): Promise<void> => {
    while (!state.done) {
      const text = `
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and application_name <> '${observer}' and state <> 'idle'
  and (query like '%dag_due%' or query like '%node_runs%' or query like '%dag_runs%' or query like '%dag_approvals%')
limit 1`;
      if (state.stepping) state.kills += (await onServer(url, text)).rows.length;
      else await turn();
    }
  };
  const killing = kill();
  const stepping = async <T>(part: () => Promise<T>): Promise<T> => {
    state.stepping = true;
    return part().finally(() => {
      state.stepping = false;
    });
  };
  try {
    while (state.kills < enough) await work(stepping);
  } finally {
    state.done = true;
    await killing;
  }
};
