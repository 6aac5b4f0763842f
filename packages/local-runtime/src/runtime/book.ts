import { existsSync, readdirSync } from 'node:fs';
import { objectName, type AttemptId, type AttemptRef } from '@job-orchestrator/types';
import { isUnfinished } from '../attempt/folder.ts';
import { isLive } from '../attempt/phase.ts';
import { isMeant, type Entry, type RuntimeContext } from './entry.ts';
import { createLooker } from './looker.ts';
import { createPoller } from './poller.ts';
import { readEntry, unwatchEntry, watchEntry } from './read-entry.ts';
import { endRest } from './settle.ts';

/** Every attempt of the data folder, in memory, kept as the folders and processes are. */
export interface AttemptBook {
  /** Reads every folder, then begins to report. Damaged ones are logged and passed over. */
  open(onChange: (attempt: AttemptId) => void): Promise<void>;
  /** The attempt's entry, from memory or disk; null when there is none that `ref` means. Throws when unreadable. */
  find(ref: AttemptRef): Entry | null;
  /** The entry of a folder, whoever's it is; null when there is no such folder. Throws when unreadable. */
  load(name: string): Entry | null;
  /** Looks at the folder and the process now, drives a stop, and reports a change. Never throws. */
  look(entry: Entry): Promise<void>;
  /** The entries of all folders that exist now. Throws when the folder of all cannot be read. */
  all(): readonly Entry[];
  /** What is in memory: every folder that was there at `open` or was made since by us. */
  known(): Iterable<Entry>;
  forget(entry: Entry): void;
  close(): void;
}

const quiet = (): void => undefined;

const createEntries = (context: RuntimeContext, look: (entry: Entry) => Promise<void>, added: () => void) => {
  const entries = new Map<string, Entry>();

  const forget = (entry: Entry): void => {
    entry.removed = true;
    unwatchEntry(entry);
    entries.delete(entry.file.ref.object.name);
  };

  const add = (name: string): Entry | null => {
    const entry = readEntry(context, name);
    if (entry === null) return null;
    entries.set(name, entry);
    if (isLive(entry.phase)) watchEntry(context, entry, () => void look(entry));
    added();
    return entry;
  };

  const load = (name: string): Entry | null => {
    const known = entries.get(name);
    // An ended attempt is not watched: its folder may be gone.
    if (known === undefined || isLive(known.phase) || existsSync(known.paths.record))
      return known ?? add(name);
    forget(known);
    return null;
  };

  return { values: () => entries.values(), forget, load };
};

const loadSafely = (context: RuntimeContext, name: string, load: (name: string) => Entry | null) => {
  try {
    return load(name);
  } catch (error) {
    context.log.warn({ folder: name, error: String(error) }, 'passing over a damaged attempt folder');
    return null;
  }
};

/** What ended while nobody was there still gets its leftovers ended. */
const catchUp = (context: RuntimeContext, entry: Entry, look: (entry: Entry) => Promise<void>) =>
  isLive(entry.phase) ? look(entry) : endRest(context, entry, entry.phase);

/** Makes the book; it reads nothing before `open` or `load`. */
export const createBook = (context: RuntimeContext): AttemptBook => {
  let onChange: (attempt: AttemptId) => void = quiet;
  const report = (entry: Entry): void => onChange(entry.file.ref.attemptId);
  let closed = false;
  const lookNow = createLooker(context, {
    changed: report,
    vanished: (entry) => {
      entries.forget(entry);
      report(entry);
    },
    looked: () => poller.arm(),
  });
  const look = (entry: Entry): Promise<void> => (closed ? Promise.resolve() : lookNow(entry));
  const entries = createEntries(context, look, () => poller.arm());
  const poller = createPoller(context, () => entries.values(), look);
  const { load, forget } = entries;

  const all = (): readonly Entry[] =>
    readdirSync(context.attempts)
      .filter((name) => !isUnfinished(name))
      .map((name) => loadSafely(context, name, load))
      .filter((entry) => entry !== null);

  return {
    open: async (listener) => {
      for (const entry of all()) await catchUp(context, entry, look);
      onChange = listener;
    },
    find: (ref) => {
      const entry = load(objectName(ref.installation, ref.jobId, ref.attemptNumber));
      return entry !== null && isMeant(entry, ref) ? entry : null;
    },
    load,
    look,
    all,
    known: entries.values,
    forget,
    close: () => {
      closed = true;
      poller.close();
      onChange = quiet;
      for (const entry of entries.values()) unwatchEntry(entry);
    },
  };
};
