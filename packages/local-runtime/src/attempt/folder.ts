import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  attemptId,
  installationId,
  isUuid,
  jobId,
  objectName,
  type AttemptId,
  type AttemptLaunch,
  type AttemptRef,
} from '@job-orchestrator/types';

/**
 * An attempt's folder, `<dataDir>/attempts/<objectName>`, mode 0700:
 *
 * | file | written by | meaning |
 * |---|---|---|
 * | `attempt.json` | the creator | ids, uid, what runs; complete before the folder has its name |
 * | `inputs.json` | the creator | JOB_ORCHESTRATOR_INPUT, mode 0600 |
 * | `started` | whoever creates it first | shim: pid, boot id, birth; anybody else: pid 0, it will never start |
 * | `group` | the shim | process group of the command |
 * | `exec-failed` | the shim | the command could not be executed |
 * | `exit` | the shim, by rename | exit code, 128 + n for signal n |
 * | `stop` | `stop()` | grace in seconds; survives us, so that leftovers are swept after a restart too |
 * | `log/` | the command | `current` and rotated `segment-*`; apart, so that output does not wake the watch |
 * | `output/` | the command | JOB_ORCHESTRATOR_OUTPUT |
 */
export interface AttemptPaths {
  readonly root: string;
  readonly record: string;
  readonly inputs: string;
  readonly started: string;
  readonly group: string;
  readonly execFailed: string;
  readonly exit: string;
  readonly stop: string;
  readonly log: string;
  readonly output: string;
}

/** Where everything of the attempt folder `root` stands. */
export const attemptPaths = (root: string): AttemptPaths => ({
  root,
  record: join(root, 'attempt.json'),
  inputs: join(root, 'inputs.json'),
  started: join(root, 'started'),
  group: join(root, 'group'),
  execFailed: join(root, 'exec-failed'),
  exit: join(root, 'exit'),
  stop: join(root, 'stop'),
  log: join(root, 'log'),
  output: join(root, 'output', 'result.json'),
});

/** What the folder says of its attempt: a reference whose object is known, and whether an output is promised. */
export interface AttemptFile {
  readonly ref: AttemptRef & { readonly object: { readonly uid: string; readonly name: string } };
  /** The attempt ids that its processes may carry in their environment: more than one once it was taken over. */
  readonly markers: readonly AttemptId[];
  readonly output: boolean;
}

const describe = (launch: AttemptLaunch, uid: string): string =>
  JSON.stringify(
    {
      uid,
      installation: launch.installation,
      jobId: launch.jobId,
      attempt: launch.attemptNumber,
      attemptId: launch.attemptId,
      topic: launch.topic,
      command: launch.spec.command,
      args: launch.spec.args,
      output: launch.spec.output,
      image: launch.spec.imageReference,
      imageUsed: false,
    },
    null,
    2,
  );

/** Names that begin with a dot are ours while we make or remove a folder; an object's name never does. */
export const isUnfinished = (name: string): boolean => name.startsWith('.');

const fill = async (root: string, launch: AttemptLaunch, uid: string): Promise<void> => {
  const paths = attemptPaths(root);
  await mkdir(root, { mode: 0o700 });
  await mkdir(paths.log);
  if (launch.spec.output) await mkdir(join(root, 'output'));
  await writeFile(paths.inputs, JSON.stringify(launch.spec.inputs ?? {}), { mode: 0o600 });
  await writeFile(paths.record, describe(launch, uid), { mode: 0o600 });
};

const isTaken = (error: unknown): boolean =>
  ['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '');

/**
 * Makes the attempt's folder complete under another name and renames it: the rename is the claim, so nobody ever
 * sees a folder of ours half made. Returns its uid, or null when the name is taken.
 */
export const createFolder = async (attempts: string, launch: AttemptLaunch): Promise<string | null> => {
  const uid = randomUUID();
  const unfinished = join(attempts, `.new-${uid}`);
  try {
    await fill(unfinished, launch, uid);
    await rename(
      unfinished,
      join(attempts, objectName(launch.installation, launch.jobId, launch.attemptNumber)),
    );
    return uid;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (isTaken(error)) return null;
    throw error;
  }
};

/** Takes the folder out of sight at once; returns where its remains stand, to be deleted. Throws ENOENT. */
export const discardFolder = (attempts: string, name: string): string => {
  const remains = join(attempts, `.old-${randomUUID()}`);
  renameSync(join(attempts, name), remains);
  return remains;
};

const parseRecord = (text: string, name: string): AttemptFile => {
  const raw = JSON.parse(text) as Record<string, unknown>;
  if (typeof raw['uid'] !== 'string' || !isUuid(raw['uid'])) throw new TypeError('attempt.json has no uid');
  const ref = {
    installation: installationId(String(raw['installation'])),
    jobId: jobId(String(raw['jobId'])),
    attemptNumber: Number(raw['attempt']),
    attemptId: attemptId(String(raw['attemptId'])),
    object: { uid: raw['uid'], name },
  };
  if (objectName(ref.installation, ref.jobId, ref.attemptNumber) !== name)
    throw new TypeError('attempt.json belongs to another folder');
  const { begunAs } = raw;
  const former = typeof begunAs === 'string' ? [attemptId(begunAs)] : [];
  return { ref, markers: [ref.attemptId, ...former], output: raw['output'] === true };
};

/** Reads `attempt.json`. Null: there is no such folder. Throws when the folder is damaged or cannot be read. */
export const readRecord = (attempts: string, name: string): AttemptFile | null => {
  let text: string;
  try {
    text = readFileSync(attemptPaths(join(attempts, name)).record, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !existsSync(join(attempts, name))) return null;
    throw error;
  }
  return parseRecord(text, name);
};

/** Makes the folder another attempt's, in one rename; what runs in it does not notice. Returns what it says now. */
export const rewriteOwner = (attempts: string, name: string, owner: AttemptId): AttemptFile => {
  const { record } = attemptPaths(join(attempts, name));
  const raw = JSON.parse(readFileSync(record, 'utf8')) as Record<string, unknown>;
  const text = JSON.stringify({ begunAs: raw['attemptId'], ...raw, attemptId: owner }, null, 2);
  writeFileSync(`${record}.tmp`, text, { mode: 0o600 });
  renameSync(`${record}.tmp`, record);
  return parseRecord(text, name);
};

/**
 * True when `readRecord` failed for what the folder holds (a person, or a power failure that kept the name and lost the
 * text), false when the system could not read it now.
 */
export const isDamaged = (error: unknown): boolean =>
  [undefined, 'ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code);

/** Creates `started` so that no shim will. False: a shim (or another of us) was faster. */
export const preventStart = (root: string, bootId: string, why: string): boolean => {
  try {
    writeFileSync(attemptPaths(root).started, `0\n${bootId}\n${why}\n.\n`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
};

/** Makes the folder of all attempts, for us alone. */
export const createAttemptsFolder = (dataDir: string): string => {
  const attempts = join(dataDir, 'attempts');
  mkdirSync(attempts, { recursive: true, mode: 0o700 });
  return attempts;
};
