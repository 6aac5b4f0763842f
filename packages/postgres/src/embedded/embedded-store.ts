import type { Sql, Store } from '../connection/sql.ts';
import type { WorkerClient } from './worker-client.ts';

/** Lets one after the other do its work; an error of one does not stop the next. */
const createTurns = () => {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
};

type Runner = Pick<WorkerClient, 'run'>;

const on = (worker: Runner): Sql => ({
  run: async <R>(statement: { text: string }, parameters: Parameters<Sql['run']>[1] = []) =>
    (await worker.run(statement.text, parameters)) as readonly R[],
});

/** PGlite has one session, so a transaction keeps it to itself while it goes on. */
export const createEmbeddedStore = (sessions: {
  current(): Promise<Runner>;
  close(): Promise<void>;
}): Store => {
  const takeTurn = createTurns();
  const withWorker = <T>(work: (worker: Runner) => Promise<T>): Promise<T> =>
    takeTurn(async () => work(await sessions.current()));
  return {
    run: (statement, parameters) => withWorker((worker) => on(worker).run(statement, parameters)),
    transaction: (work) =>
      withWorker(async (worker) => {
        await worker.run('begin', []);
        try {
          const answer = await work(on(worker));
          await worker.run('commit', []);
          return answer;
        } catch (error) {
          await worker.run('rollback', []).catch(() => undefined);
          throw error;
        }
      }),
    lostAt: () => null,
    close: () => takeTurn(() => sessions.close()),
  };
};
