import type { ExecutorRepository } from '@job-orchestrator/types';
import { withRetries } from '../connection/retry.ts';
import type { Store } from '../connection/sql.ts';
import { readDeaths, writeInHand, writeSetAside } from '../sql/executor-notes.ts';
import * as sql from '../sql/executors.ts';

/** The executors of one database. `beats`: a connection of their own, so that no long statement delays a beat. */
export const createExecutors = (store: Store, beats: Store): ExecutorRepository => ({
  register: (executor, nonce, sole) =>
    withRetries('repeatable', () =>
      store.transaction(async (within) => {
        await sql.ensureRuntime(within, executor.runtimeKey);
        await sql.insertExecutor(within, executor, nonce);
        if (sole) await sql.endOthers(within, executor.incarnation);
      }),
    ),
  beat: (incarnation, nonce, nextNonce) =>
    withRetries('repeatable', () => sql.beat(beats, incarnation, nonce, nextNonce)),
  markDraining: (incarnation) => withRetries('repeatable', () => sql.markDraining(store, incarnation)),
  release: (incarnation) => withRetries('repeatable', () => sql.endLease(store, incarnation)),
  noteSetAside: (incarnation, setAside) =>
    withRetries('repeatable', () => writeSetAside(store, incarnation, setAside)),
  noteInHand: (incarnation, attempt) =>
    withRetries('repeatable', () => writeInHand(store, incarnation, attempt)),
  deaths: (incarnation) => withRetries('repeatable', () => readDeaths(store, incarnation)),
  list: () => withRetries('repeatable', () => sql.listExecutors(store)),
});
