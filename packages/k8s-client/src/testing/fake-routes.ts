import type { ServerResponse } from 'node:http';
import type { FakeRequest } from './fake-api-server.ts';
import { matchesLabels, type FakeKind, type FakeObject, type FakeStore } from './fake-store.ts';
import type { FakeWatches } from './fake-watches.ts';

export interface FakeWorld {
  readonly store: FakeStore;
  readonly watches: FakeWatches;
  readonly logs: ReadonlyMap<string, string>;
  /** What lists show instead of the store, while it is stale. */
  readonly frozen: FakeStore['collections'] | null;
  /** What is done to what is created. */
  readonly mutate: (object: FakeObject) => FakeObject;
}

interface Reply {
  readonly status: number;
  readonly body: object;
}

const failed = (status: number, reason: string, message: string): Reply => ({
  status,
  body: { kind: 'Status', status: 'Failure', code: status, reason, message },
});

const listKinds: Record<FakeKind, string> = { jobs: 'JobList', pods: 'PodList', events: 'EventList' };

const list = (world: FakeWorld, kind: FakeKind, parameters: URLSearchParams): Reply => {
  const { objects } = (world.frozen ?? world.store.collections)[kind];
  const fitting = [...objects.values()].filter((object) =>
    matchesLabels(object, parameters.get('labelSelector')),
  );
  const from = Number(parameters.get('continue') ?? '0');
  const limit = Number(parameters.get('limit') ?? fitting.length + 1);
  const items = fitting.slice(from, from + limit);
  const more = from + limit < fitting.length ? { continue: String(from + limit) } : {};
  return {
    status: 200,
    body: {
      kind: listKinds[kind],
      metadata: { resourceVersion: String(world.store.version()), ...more },
      items,
    },
  };
};

const create = ({ store, mutate }: FakeWorld, kind: FakeKind, text: string): Reply => {
  const object = mutate(JSON.parse(text) as FakeObject);
  const { name } = object.metadata;
  if (store.collections[kind].objects.has(name))
    return failed(409, 'AlreadyExists', `${kind} "${name}" already exists`);
  return { status: 201, body: store.put(kind, object) };
};

const merge = (target: unknown, patch: unknown): unknown => {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base = typeof target === 'object' && target !== null ? (target as Record<string, unknown>) : {};
  const changed = Object.entries(patch).map(([key, value]) => [key, merge(base[key], value)] as const);
  return Object.fromEntries([...Object.entries(base), ...changed].filter(([, value]) => value !== null));
};

const wrongUid = (object: FakeObject, uid: unknown): boolean =>
  uid !== undefined && uid !== object.metadata.uid;

const change = (store: FakeStore, kind: FakeKind, object: FakeObject, request: FakeRequest): Reply => {
  const body = (request.body === '' ? {} : JSON.parse(request.body)) as {
    metadata?: { uid?: unknown };
    preconditions?: { uid?: unknown };
  };
  if (request.method === 'GET') return { status: 200, body: object };
  if (wrongUid(object, body.metadata?.uid ?? body.preconditions?.uid))
    return failed(409, 'Conflict', 'the UID in the precondition differs');
  if (request.method === 'PATCH')
    return { status: 200, body: store.put(kind, merge(object, body) as FakeObject) };
  store.remove(kind, object.metadata.name);
  return { status: 200, body: { kind: 'Status', status: 'Success' } };
};

const reply = (world: FakeWorld, kind: FakeKind, name: string | undefined, request: FakeRequest): Reply => {
  if (name === undefined) {
    return request.method === 'POST'
      ? create(world, kind, request.body)
      : list(world, kind, request.parameters);
  }
  const object = world.store.collections[kind].objects.get(name);
  return object === undefined
    ? failed(404, 'NotFound', `${kind} "${name}" not found`)
    : change(world.store, kind, object, request);
};

/** `cut` breaks the stream in its middle. */
const sendLog = (
  world: FakeWorld,
  name: string,
  request: FakeRequest,
  response: ServerResponse,
  cut: (() => unknown) | null,
): void => {
  const log = world.logs.get(name);
  if (log === undefined)
    return void response
      .writeHead(404)
      .end(JSON.stringify(failed(404, 'NotFound', `pods "${name}" not found`).body));
  const bytes = Buffer.from(log);
  const lines = request.parameters.get('tailLines');
  const kept =
    lines === null
      ? bytes
      : Buffer.from(
          log
            .split(/(?<=\n)/)
            .slice(-Number(lines))
            .join(''),
        );
  response.writeHead(200, { 'content-type': 'text/plain' });
  const sent = kept.subarray(0, Number(request.parameters.get('limitBytes') ?? kept.length));
  if (cut === null) response.end(sent);
  else response.write(sent.subarray(0, sent.length / 2), () => setImmediate(cut));
};

/** Serves one request from the store; `lost` replaces the sending of the answer, after it was done. */
export const answerStore = (
  world: FakeWorld,
  request: FakeRequest,
  response: ServerResponse,
  lost: (() => unknown) | null,
): void => {
  const found = /\/namespaces\/[^/]+\/(jobs|pods|events)(?:\/([^/]+))?(\/log)?$/.exec(request.path);
  const [, kind, name, log] = (found ?? []) as (string | undefined)[];
  if (kind === undefined) return void response.writeHead(404).end('{}');
  if (log !== undefined && name !== undefined) return sendLog(world, name, request, response, lost);
  if (request.parameters.get('watch') !== null)
    return world.watches.open(kind as FakeKind, request.parameters, response);
  const { status, body } = reply(world, kind as FakeKind, name, request);
  if (lost !== null) return void lost();
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
};
