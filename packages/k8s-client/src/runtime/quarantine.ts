import type { Logger } from '@job-orchestrator/types';
import { textOr } from '../system-clock.ts';
import { PoisonedObjectError } from '../observe/fields.ts';

/** Objects that are not as they must be: each is logged once and counted, and never stops the others. */
export interface Quarantine {
  around(kind: string, object: unknown, handle: () => void): void;
  /** How many objects were set aside so far. */
  count(): number;
}

const remembered = 1_000;

/** An empty quarantine. */
export const createQuarantine = (log: Logger): Quarantine => {
  const seen = new Set<string>();
  const setAside = (kind: string, object: unknown, error: PoisonedObjectError): void => {
    const meta = (object as { metadata?: { uid?: unknown; name?: unknown } | null } | null)?.metadata;
    const key = `${kind}/${textOr(meta?.uid, textOr(meta?.name, error.message))}`;
    if (seen.has(key)) return;
    if (seen.size < remembered) seen.add(key);
    log.warn(
      { kind, name: textOr(meta?.name, ''), error: error.message },
      'an object cannot be read and is set aside',
    );
  };
  return {
    around: (kind, object, handle) => {
      try {
        handle();
      } catch (error) {
        if (!(error instanceof PoisonedObjectError)) throw error;
        setAside(kind, object, error);
      }
    },
    count: () => seen.size,
  };
};
