import type { AttemptId, Logger, SetAside } from '@job-orchestrator/types';
import { readAttemptLabels, type LabelledAttempt } from '../labels.ts';
import { mapping } from '../observe/fields.ts';
import { messageOf, textOr } from '../system-clock.ts';

/**
 * Objects that are not as they must be: each is left out, logged once and told of while it exists as it is, and never stops
 * the others.
 */
export interface Quarantine {
  /** Runs what reads an object; an object over which that throws is set aside, any other is not (any more). */
  around(kind: string, object: unknown, handle: () => void): void;
  /** An object is gone. */
  forget(kind: string, uid: string): void;
  /** Why the view of an attempt is not complete; null: nothing of it is set aside. */
  troubleOf(attempt: AttemptId): string | null;
  list(): readonly SetAside[];
  /** The uids of what is set aside. */
  uids(kind: string): readonly string[];
}

interface Entry extends SetAside {
  readonly attempt: LabelledAttempt | null;
}

/** Most that is remembered; whatever comes beyond that is left out all the same. */
const remembered = 1_000;

const metaOf = (
  object: unknown,
): { readonly uid: string; readonly name: string; readonly attempt: LabelledAttempt | null } => {
  try {
    const meta = mapping(mapping(object, 'object')['metadata'], 'metadata');
    const labels = meta['labels'];
    const attempt =
      typeof labels === 'object' ? readAttemptLabels(labels as Record<string, unknown> | null) : null;
    return { uid: textOr(meta['uid'], ''), name: textOr(meta['name'], ''), attempt };
  } catch {
    return { uid: '', name: '', attempt: null };
  }
};

/** An empty quarantine; `onChange` is told of each attempt of which something was set aside, or is not any more. */
export const createQuarantine = (log: Logger, onChange: (attempt: AttemptId) => void): Quarantine => {
  const entries = new Map<string, Entry>();
  const drop = (key: string): void => {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entries.delete(key);
    if (entry.attempt !== null) onChange(entry.attempt.attemptId);
  };
  const setAside = (kind: string, object: unknown, error: unknown): void => {
    const { uid, name, attempt } = metaOf(object);
    const key = `${kind}/${uid || name}`;
    const known = entries.get(key);
    const message = messageOf(error);
    if (known?.message === message || (known === undefined && entries.size >= remembered)) return;
    const jobId = attempt?.jobId ?? null;
    entries.set(key, { kind: 'object', jobId, name: `${kind} ${name || '(no name)'}`, message, attempt });
    log.warn({ kind, name, error: message }, 'an object cannot be read and is set aside');
    if (attempt !== null) onChange(attempt.attemptId);
  };
  return {
    around: (kind, object, handle) => {
      try {
        handle();
      } catch (error) {
        return setAside(kind, object, error);
      }
      // Most objects are as they must be, and nothing is set aside: then there is nothing to look for.
      if (entries.size === 0) return;
      const { uid, name } = metaOf(object);
      drop(`${kind}/${uid || name}`);
    },
    forget: (kind, uid) => drop(`${kind}/${uid}`),
    troubleOf: (attemptId) => {
      if (entries.size === 0) return null;
      const entry = [...entries.values()].find(({ attempt }) => attempt?.attemptId === attemptId);
      return entry === undefined
        ? null
        : `${entry.name} cannot be read, so nothing is concluded: ${entry.message}`;
    },
    uids: (kind) =>
      [...entries.keys()].flatMap((key) => (key.startsWith(`${kind}/`) ? [key.slice(kind.length + 1)] : [])),
    list: () =>
      [...entries.values()].map(({ kind, jobId, name, message }) => ({ kind, jobId, name, message })),
  };
};
