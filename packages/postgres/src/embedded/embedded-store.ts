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

/** PGlite has one session, so a transaction keeps it to itself while it goes on. */
export const createEmbeddedStore = (worker: WorkerClient): Store => {
  const takeTurn = createTurns();
  const direct: Sql = {
    run: async <R>(statement: { text: string }, parameters: Parameters<Sql['run']>[1] = []) =>
      (await worker.run(statement.text, parameters)) as readonly R[],
  };
  return {
    run: (statement, parameters) => takeTurn(() => direct.run(statement, parameters)),
    transaction: (work) =>
      takeTurn(async () => {
        await worker.run('begin', []);
        try {
          const answer = await work(direct);
          await worker.run('commit', []);
          return answer;
        } catch (error) {
          await worker.run('rollback', []).catch(() => undefined);
          throw error;
        }
      }),
    lostAt: () => null,
    close: () => takeTurn(() => worker.close()),
  };
};
