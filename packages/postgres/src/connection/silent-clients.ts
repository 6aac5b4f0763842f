import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';

/** How long connections are waited for that should finish their work and take leave of the server. */
const leaveWithinMs = 3_000;

/** A silent connection never takes leave: without this its socket stays until the system gives it up, in 15 min. */
const hangUp = (client: pg.ClientBase): void => {
  const { connection } = client as unknown as { connection: { stream: { destroy(): void } } };
  connection.stream.destroy();
};

/** Waits for `end`, which closes these connections, and hangs up those that went silent. */
export const hangUpAfter = async (end: Promise<void>, clients: Iterable<pg.ClientBase>): Promise<void> => {
  await Promise.race([end, delay(leaveWithinMs, undefined, { ref: false })]);
  for (const client of clients) hangUp(client);
};

/** Which connections of a pool may be used without asking whether they still lead anywhere. */
export interface Trust {
  /** It answered now. */
  note(client: pg.PoolClient): void;
  /** One went silent: those that were not heard of since may be dead as well. */
  doubtAll(): void;
  isDoubtful(client: pg.PoolClient): boolean;
}

/** Trusts every new connection. */
export const createTrust = (): Trust => {
  const heardAt = new WeakMap<pg.PoolClient, number>();
  let doubtedAt = -Infinity;
  return {
    note: (client) => void heardAt.set(client, performance.now()),
    doubtAll: () => {
      doubtedAt = performance.now();
    },
    isDoubtful: (client) => (heardAt.get(client) ?? Infinity) <= doubtedAt,
  };
};

/** Takes a connection; drops those that are doubtful, so that ten dead ones do not cost ten time-outs. */
export const connectTrusted = async (pool: pg.Pool, trust: Trust): Promise<pg.PoolClient> => {
  for (;;) {
    const client = await pool.connect();
    if (!trust.isDoubtful(client)) return client;
    client.release(true);
    hangUp(client);
  }
};
