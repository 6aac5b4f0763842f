import { randomUUID } from 'node:crypto';

/** The kinds that the fake serves. */
export type FakeKind = 'jobs' | 'pods' | 'events';

/** A Kubernetes object as the fake keeps it: metadata is completed as a server would. */
export interface FakeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

export interface FakeChange {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: FakeObject;
  /** What it was before a modification. */
  readonly before?: FakeObject;
  readonly version: number;
}

/** Objects of one kind with the changes that made them, so that watches can begin at any version still known. */
export interface FakeCollection {
  readonly objects: Map<string, FakeObject>;
  readonly changes: FakeChange[];
}

export interface FakeStore {
  readonly collections: Readonly<Record<FakeKind, FakeCollection>>;
  /** The newest version. */
  version(): number;
  /** Versions below this are compacted: watching from them is answered with 410. */
  compactedTo(): number;
  compact(): void;
  /** Goes back to an earlier version without a word, as a restored etcd does; the objects are the test's to put back. */
  rewind(to: number): void;
  put(kind: FakeKind, object: FakeObject): FakeObject;
  remove(kind: FakeKind, name: string): FakeObject | undefined;
  /** Removes without a watch event: what a client misses while it is away. */
  removeSilently(kind: FakeKind, name: string): void;
}

const emptyCollection = (): FakeCollection => ({ objects: new Map(), changes: [] });

/** An in-memory etcd of three kinds; `onChange` is told of each visible change. */
export const createFakeStore = (onChange: (kind: FakeKind, change: FakeChange) => void): FakeStore => {
  const collections = { jobs: emptyCollection(), pods: emptyCollection(), events: emptyCollection() };
  let [version, compacted] = [1_000, 0];

  const record = (
    kind: FakeKind,
    type: FakeChange['type'],
    object: FakeObject,
    before?: FakeObject,
  ): FakeObject => {
    const change = { type, object, version, ...(before === undefined ? {} : { before }) };
    collections[kind].changes.push(change);
    onChange(kind, change);
    return object;
  };
  const put = (kind: FakeKind, given: FakeObject): FakeObject => {
    const before = collections[kind].objects.get(given.metadata.name);
    version += 1;
    const object: FakeObject = {
      ...given,
      metadata: {
        creationTimestamp: new Date().toISOString(),
        ...given.metadata,
        uid: given.metadata.uid ?? before?.metadata.uid ?? randomUUID(),
        resourceVersion: String(version),
      },
    };
    collections[kind].objects.set(object.metadata.name, object);
    return record(kind, before === undefined ? 'ADDED' : 'MODIFIED', object, before);
  };
  const remove = (kind: FakeKind, name: string): FakeObject | undefined => {
    const object = collections[kind].objects.get(name);
    if (object === undefined) return undefined;
    collections[kind].objects.delete(name);
    version += 1;
    return record(kind, 'DELETED', {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(version) },
    });
  };
  const removeSilently = (kind: FakeKind, name: string): void => {
    collections[kind].objects.delete(name);
    version += 1;
  };
  return {
    collections,
    version: () => version,
    compactedTo: () => compacted,
    compact: () => void (compacted = version),
    rewind: (to) => {
      version = to;
      for (const { changes } of Object.values(collections))
        changes.splice(0, changes.length, ...changes.filter((change) => change.version <= to));
    },
    put,
    remove,
    removeSilently,
  };
};

/** True when the object carries every `key=value` of a selector. */
export const matchesLabels = (object: FakeObject, selector: string | null): boolean =>
  (selector ?? '')
    .split(',')
    .filter((term) => term !== '')
    .every((term) => {
      const [key = '', value] = term.split('=');
      return object.metadata.labels?.[key] === value;
    });
