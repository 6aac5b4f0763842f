import {
  linkSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OrchestratorError } from '@job-orchestrator/types';
import { ownIdentity, startTimeOf, type ProcessIdentity } from './process-identity.ts';

/** The holder touches its lock this often; only a holder in another container is judged by it. */
const touchEveryMs = 5_000;
const untouchedMs = 15_000;

const ageMs = (path: string): number => {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return Infinity;
  }
};

const read = (path: string): ProcessIdentity | null => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity;
  } catch {
    return null;
  }
};

/** A pid alone proves nothing: it may be another process by now, or from before a restart of the machine. */
const isAlive = (holder: ProcessIdentity, us: ProcessIdentity, path: string): boolean => {
  if (holder.bootId !== us.bootId || holder.namespace !== us.namespace) return ageMs(path) < untouchedMs;
  return startTimeOf(holder.pid) === holder.startedAt;
};

const inUse = (folder: string, pid: number | undefined): OrchestratorError =>
  new OrchestratorError(
    'data_folder_in_use',
    `The data folder ${folder} is in use by process ${pid ?? 'unknown'}. Two processes on one folder would lose data.`,
  );

/** Creates the lock with its content in one step; false when it is there already. */
const create = (path: string, us: ProcessIdentity): boolean => {
  const draft = `${path}.${us.pid}`;
  writeFileSync(draft, JSON.stringify(us), { mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
};

/** Only one at a time may remove a dead holder's lock; a newcomer's fresh one would else be removed with it. */
const removeDead = (path: string, us: ProcessIdentity): void => {
  const gate = `${path}.takeover`;
  if (ageMs(gate) !== Infinity && ageMs(gate) > untouchedMs) rmSync(gate, { recursive: true, force: true });
  try {
    mkdirSync(gate);
  } catch {
    return;
  }
  try {
    const holder = read(path);
    if (holder === null || !isAlive(holder, us, path)) rmSync(path, { force: true });
  } finally {
    rmdirSync(gate);
  }
};

const sameProcess = (one: ProcessIdentity, other: ProcessIdentity): boolean =>
  one.pid === other.pid &&
  one.startedAt === other.startedAt &&
  one.bootId === other.bootId &&
  one.namespace === other.namespace;

const takenOver = (folder: string, pid: number | undefined): OrchestratorError =>
  new OrchestratorError(
    'data_folder_in_use',
    `The data folder ${folder} was taken over by ${pid === undefined ? 'another process' : `process ${pid}`} while ` +
      `this one stood still for more than ${untouchedMs / 1_000} s. This one must end: two would lose data.`,
  );

/** Certainly not there; an error of another kind proves nothing. */
const isGone = (path: string): boolean => {
  try {
    statSync(path);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
};

/** Touches the lock while it is ours; else says what became of it. */
const refresh = (path: string, us: ProcessIdentity): OrchestratorError | null => {
  const folder = dirname(path);
  const holder = read(path);
  // Somebody may have removed the folder under us; that is no reason to end. Only the lock: another came and went.
  if (holder === null) return isGone(path) && !isGone(folder) ? takenOver(folder, undefined) : null;
  if (!sameProcess(holder, us)) return takenOver(folder, holder.pid);
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // A full disk or a lack of file handles takes nothing from us; the next look comes in 5 s.
  }
  return null;
};

/** A lock that is held. */
export interface FolderLock {
  /** Throws `data_folder_in_use` after another process took the folder over; looks again after 5 s of any clock. */
  verify(): void;
  /** Gives it back, if it is still ours. */
  release(): void;
}

const hold = (path: string, us: ProcessIdentity, onLost: (error: OrchestratorError) => void): FolderLock => {
  let checkedAt = Date.now();
  let lost: OrchestratorError | null = null;
  const check = (): void => {
    if (lost !== null) return;
    checkedAt = Date.now();
    lost = refresh(path, us);
    if (lost === null) return;
    clearInterval(touch);
    onLost(lost);
  };
  const touch = setInterval(check, touchEveryMs).unref();
  return {
    verify: () => {
      if (Math.abs(Date.now() - checkedAt) > touchEveryMs) check();
      if (lost !== null) throw lost;
    },
    release: () => {
      clearInterval(touch);
      const holder = read(path);
      if (holder !== null && sameProcess(holder, us)) rmSync(path, { force: true });
    },
  };
};

const triesMost = 20;

/**
 * Takes the lock of a data folder: pid, start time and boot id in a file. Throws `data_folder_in_use`, which names the
 * pid. A dead holder's lock is taken over. `onLost` is called when another process did so with ours.
 */
export const lockFolder = async (
  folder: string,
  onLost: (error: OrchestratorError) => void = () => undefined,
): Promise<FolderLock> => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'lock');
  const us = ownIdentity();
  for (let tries = 0; !create(path, us); tries += 1) {
    const holder = read(path);
    if (tries === triesMost || (holder !== null && isAlive(holder, us, path)))
      throw inUse(folder, holder?.pid);
    removeDead(path, us);
    await delay(10);
  }
  return hold(path, us, onLost);
};
