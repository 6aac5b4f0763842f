import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerStore } from './fake-routes.ts';
import { createFakeStore, type FakeObject, type FakeStore } from './fake-store.ts';
import { createFakeWatches, type FakeWatches } from './fake-watches.ts';

/** A request as the fake saw it. */
export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly parameters: URLSearchParams;
  readonly body: string;
  readonly authorization: string | undefined;
  readonly atMs: number;
}

/**
 * What goes wrong. `reset`: the connection is cut before anything is done. `lose_answer`: it is done, and the
 * connection cut; of a log half is sent before. `silence`: nothing is ever answered. `answer`: this status instead.
 */
export type FakeFault =
  | { readonly kind: 'reset' | 'lose_answer' | 'silence' }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly reason?: string;
      readonly message?: string;
      /** Instead of a `Status` of Kubernetes: the page of a proxy. */
      readonly page?: string;
      readonly headers?: Readonly<Record<string, string>>;
    };

export interface FakeApiServer {
  readonly url: string;
  readonly store: FakeStore;
  readonly watches: FakeWatches;
  readonly requests: readonly FakeRequest[];
  /** Pod name → log. */
  readonly logs: Map<string, string>;
  /** Lets requests that match go wrong: the next `times`, or all until the returned function is called. */
  fail(match: (request: FakeRequest) => boolean, fault: FakeFault, times?: number): () => void;
  /** Freezes what lists show, until the returned function is called. */
  freezeLists(): () => void;
  /** As a mutating webhook: changes what is created from now on. */
  mutate(how: (object: FakeObject) => FakeObject): void;
  /** Resolves when a condition holds; looked at after each request and each change. Rejects after `limitMs`. */
  until(condition: () => boolean, limitMs?: number): Promise<void>;
  close(): Promise<void>;
}

const readBody = async (request: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
};

const describeRequest = (request: IncomingMessage, body: string): FakeRequest => {
  const url = new URL(request.url ?? '/', 'http://fake');
  const { authorization } = request.headers;
  const method = request.method ?? 'GET';
  return {
    method,
    path: url.pathname,
    parameters: url.searchParams,
    body,
    authorization,
    atMs: performance.now(),
  };
};

const answerFault = (fault: Extract<FakeFault, { kind: 'answer' }>, response: ServerResponse): void => {
  const { status, reason = '', message = `injected ${status}` } = fault;
  response.writeHead(status, { 'content-type': 'application/json', ...fault.headers });
  response.end(
    fault.page ?? JSON.stringify({ kind: 'Status', status: 'Failure', code: status, reason, message }),
  );
};

interface Waiter {
  readonly condition: () => boolean;
  readonly resolve: () => void;
}

/** Conditions that are looked at whenever something happened, instead of sleeping. */
const createWaiters = (): {
  wake(): void;
  until(condition: () => boolean, limitMs?: number): Promise<void>;
} => {
  const waiters = new Set<Waiter>();
  const wake = (): void => waiters.forEach((waiter) => (waiter.condition() ? waiter.resolve() : undefined));
  const until = (condition: () => boolean, limitMs = 10_000): Promise<void> =>
    new Promise((resolve, reject) => {
      if (condition()) return resolve();
      const settle = (): void => {
        waiters.delete(waiter);
        clearTimeout(limit);
        clearInterval(look);
      };
      const waiter: Waiter = { condition, resolve: () => (settle(), resolve()) };
      // What the client does with an answer happens after our last event, hence a look now and then as well.
      const look = setInterval(() => void (condition() && waiter.resolve()), 5);
      const limit = setTimeout(
        () => (settle(), reject(new Error(`not met in ${limitMs} ms: ${condition.toString()}`))),
        limitMs,
      );
      waiters.add(waiter);
    });
  return { wake, until };
};

/** Starts a scriptable Kubernetes API server on 127.0.0.1 that knows jobs, pods, events and logs. */
export const startFakeApiServer = async (): Promise<FakeApiServer> => {
  const waiters = createWaiters();
  const watches: FakeWatches = createFakeWatches(() => store);
  const store: FakeStore = createFakeStore((kind, change) => {
    watches.publish(kind, change);
    waiters.wake();
  });
  const requests: FakeRequest[] = [];
  const faults: { match: (request: FakeRequest) => boolean; fault: FakeFault; left: number }[] = [];
  const logs = new Map<string, string>();
  let frozen: FakeStore['collections'] | null = null;
  let mutate = (object: FakeObject): FakeObject => object;

  const takeFault = (request: FakeRequest): FakeFault | null => {
    const found = faults.find((candidate) => candidate.left > 0 && candidate.match(request));
    if (found === undefined) return null;
    found.left -= 1;
    return found.fault;
  };
  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = describeRequest(incoming, await readBody(incoming));
    requests.push(request);
    const fault = takeFault(request);
    if (fault?.kind === 'reset') incoming.socket.resetAndDestroy();
    else if (fault?.kind === 'answer') answerFault(fault, response);
    else if (fault?.kind !== 'silence') {
      const lost = fault?.kind === 'lose_answer' ? () => incoming.socket.resetAndDestroy() : null;
      answerStore({ store, watches, logs, frozen, mutate }, request, response, lost);
    }
    waiters.wake();
  };
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    store,
    watches,
    requests,
    logs,
    fail: (match, fault, times = Number.POSITIVE_INFINITY) => {
      const entry = { match, fault, left: times };
      faults.push(entry);
      return () => void (entry.left = 0);
    },
    freezeLists: () => {
      frozen = structuredClone(store.collections);
      return () => void (frozen = null);
    },
    mutate: (how) => void (mutate = how),
    until: (condition, limitMs) => waiters.until(condition, limitMs),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
