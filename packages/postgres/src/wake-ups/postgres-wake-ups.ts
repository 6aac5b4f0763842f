import type { Logger, WakeUps } from '@job-orchestrator/types';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { clientConfig } from '../connection/clients.ts';
import { hangUpAfter } from '../connection/silent-clients.ts';
import type { Store } from '../connection/sql.ts';
import { debounce } from './debounce.ts';
import { channel, createSubscribers, oncePerTurn } from './subscribers.ts';

const backoffLeastMs = 100;
const backoffMostMs = 5_000;

export interface PostgresWakeUps extends WakeUps {
  close(): Promise<void>;
}

interface Listening {
  readonly url: string;
  readonly log: Logger;
  readonly onPayload: (payload: string) => void;
  readonly onListening: () => void;
}

/** Keeps one connection that listens; connects again for as long as it is not stopped. */
const keepListening = ({ url, log, onPayload, onListening }: Listening): (() => Promise<void>) => {
  let stopped = false;
  let current: pg.Client | null = null;
  let timer: NodeJS.Timeout | null = null;
  let backoffMs = backoffLeastMs;

  const again = (): void => {
    if (stopped || timer !== null) return;
    timer = setTimeout(
      () => {
        timer = null;
        void connect();
      },
      backoffMs * (0.5 + Math.random() / 2),
    );
    timer.unref();
    backoffMs = Math.min(backoffMs * 2, backoffMostMs);
  };

  const connect = async (): Promise<void> => {
    const client = new pg.Client(clientConfig(url));
    current = client;
    client.on('error', (error) => log.warn({ error: error.message }, 'the listening connection was lost'));
    client.on('end', again);
    client.on('notification', ({ payload }) => onPayload(payload ?? ''));
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
      backoffMs = backoffLeastMs;
      onListening();
    } catch (error) {
      log.warn({ error: (error as Error).message }, 'cannot listen for wake-ups; polling goes on');
      await client.end().catch(() => undefined);
      again();
    }
  };

  void connect();
  return async () => {
    stopped = true;
    if (timer !== null) clearTimeout(timer);
    if (current !== null) await hangUpAfter(current.end(), [current]).catch(() => undefined);
  };
};

/**
 * Wake-ups by NOTIFY, sent on the pool and never inside a transaction that stores something. Only they are debounced:
 * this process wakes itself at once, for back to back a job waited up to a whole window for it (p50 49.9 ms).
 */
export const createPostgresWakeUps = (store: Store, listenUrl: string, log: Logger): PostgresWakeUps => {
  const subscribers = createSubscribers(log);
  const self = randomUUID();
  const wakeHere = oncePerTurn(subscribers.wake);
  let sending: Promise<unknown> = Promise.resolve();
  // There is nothing in it to keep: it does not wait for the disk.
  const text = `select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)`;
  const notify = debounce((kind) => {
    sending = store
      .run({ name: 'wake_up', text }, [channel, `${kind} ${self}`])
      .catch((error: unknown) => log.debug({ error: String(error) }, 'a wake-up was lost'));
  });
  const stopListening = keepListening({
    url: listenUrl,
    log,
    onPayload: (payload) => {
      const [kind = '', sender] = payload.split(' ');
      if (sender !== self) subscribers.wake(kind);
    },
    onListening: subscribers.wakeAll,
  });
  return {
    send: (kind) => {
      wakeHere(kind);
      notify.send(kind);
    },
    subscribe: subscribers.add,
    close: async () => {
      notify.stop();
      await sending;
      await stopListening();
    },
  };
};
