import type { ServerResponse } from 'node:http';
import { matchesLabels, type FakeChange, type FakeKind, type FakeStore } from './fake-store.ts';

interface OpenWatch {
  readonly kind: FakeKind;
  readonly selector: string | null;
  readonly response: ServerResponse;
}

const line = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`;

/** A change that takes an object out of a selector is its deletion to that watch, shown as it was before. */
const asSeen = ({ selector }: OpenWatch, { type, object, before }: FakeChange): string | null => {
  if (matchesLabels(object, selector)) return line(type, object);
  if (before === undefined || !matchesLabels(before, selector)) return null;
  const { resourceVersion } = object.metadata;
  return line('DELETED', { ...before, metadata: { ...before.metadata, resourceVersion } });
};

/** The open watches of the fake, and what a test can do to them. */
export interface FakeWatches {
  open(kind: FakeKind, parameters: URLSearchParams, response: ServerResponse): void;
  publish(kind: FakeKind, change: FakeChange): void;
  count(): number;
  /** Ends every watch as a server does at its time-out, or with a TCP reset. */
  end(how: 'close' | 'reset'): void;
  /** Sends the ERROR event of an expired version, then closes. */
  expire(): void;
  bookmark(version: number): void;
  /** Sends bytes as they are, valid or not. */
  sendRaw(bytes: string): void;
  /** From now on nothing is sent, and connections stay open: a half-open network. */
  mute(muted: boolean): void;
}

const expired = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };

/** Serves the watches of one store. */
export const createFakeWatches = (store: () => FakeStore): FakeWatches => {
  const open = new Set<OpenWatch>();
  let silent = false;
  const sendAll = (text: string): void => open.forEach((watch) => void watch.response.write(text));
  const endAll = (finish: (response: ServerResponse) => void): void => {
    const ending = [...open];
    open.clear();
    ending.forEach((watch) => finish(watch.response));
  };
  const send = (watch: OpenWatch, change: FakeChange): void => {
    const seen = asSeen(watch, change);
    if (!silent && seen !== null) watch.response.write(seen);
  };
  return {
    open: (kind, parameters, response) => {
      const from = Number(parameters.get('resourceVersion') ?? '0');
      const watch = { kind, selector: parameters.get('labelSelector'), response };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      if (from < store().compactedTo()) return void response.end(line('ERROR', expired));
      open.add(watch);
      response.on('close', () => open.delete(watch));
      store()
        .collections[kind].changes.filter((change) => change.version > from)
        .forEach((change) => send(watch, change));
    },
    publish: (kind, change) =>
      open.forEach((watch) => (watch.kind === kind ? send(watch, change) : undefined)),
    count: () => open.size,
    end: (how) => endAll((response) => void (how === 'close' ? response.end() : response.destroy())),
    expire: () => endAll((response) => void response.end(line('ERROR', expired))),
    bookmark: (version) => sendAll(line('BOOKMARK', { metadata: { resourceVersion: String(version) } })),
    sendRaw: sendAll,
    mute: (muted) => void (silent = muted),
  };
};
