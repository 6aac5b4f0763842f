import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { failure, objectName, type AttemptLaunch, type EnsureOutcome } from '@job-orchestrator/types';
import { createFolder, discardFolder, isDamaged, preventStart } from '../attempt/folder.ts';
import { prepareCommand, type PreparedCommand } from '../launch/command.ts';
import { spawnShim, type Spawned } from '../launch/spawn-shim.ts';
import type { AttemptBook } from './book.ts';
import { isMeant, type Entry, type RuntimeContext } from './entry.ts';

/** Shortages of the machine that pass: processes, memory, descriptors, disk. */
const passing: ReadonlySet<string> = new Set([
  'EAGAIN',
  'ENOMEM',
  'EMFILE',
  'ENFILE',
  'ENOSPC',
  'EDQUOT',
  'EINTR',
]);
const retryAfterMs = 2_000;

const busy = (message: string): Extract<EnsureOutcome, { kind: 'busy' }> => ({
  kind: 'busy',
  retryAfterMs,
  message,
});

const unreachable = (error: unknown): EnsureOutcome => ({
  kind: 'unresolved',
  message: `The attempt's folder could not be reached: ${String(error)}.`,
});

const foreign = (name: string, message: string): EnsureOutcome => ({
  kind: 'refused',
  failure: failure('name_taken', message, { folder: name }),
});

const startShim = async (
  context: RuntimeContext,
  book: AttemptBook,
  entry: Entry,
  command: PreparedCommand,
): Promise<Spawned> => {
  const spawned = await spawnShim({
    folder: entry.paths.root,
    bootId: context.table.bootId,
    tools: context.tools,
    workingDirectory: context.settings.workingDirectory,
    command,
  });
  if (spawned.kind === 'failed') return spawned;
  entry.ownShim = 'alive';
  void spawned.ended.then(() => {
    entry.ownShim = 'ended';
    return book.look(entry);
  });
  return spawned;
};

/** No shim could be started: takes the folder back, unless somebody else's shim began meanwhile. */
const takeBack = async (
  context: RuntimeContext,
  book: AttemptBook,
  entry: Entry,
  spawned: Extract<Spawned, { kind: 'failed' }>,
): Promise<EnsureOutcome> => {
  const { object } = entry.file.ref;
  if (!preventStart(entry.paths.root, context.table.bootId, 'the shim could not be started'))
    return { kind: 'exists', object };
  book.forget(entry);
  await rm(discardFolder(context.attempts, object.name), { recursive: true, force: true });
  if (!existsSync(context.settings.workingDirectory))
    return busy(`The working directory ${context.settings.workingDirectory} is gone.`);
  const message = `The system could not start the process: ${spawned.message}.`;
  if (passing.has(spawned.code)) return busy(message);
  return { kind: 'refused', failure: failure('launch_refused', message, { code: spawned.code }) };
};

/** A shortage before the folder has its name leaves nothing behind. */
const claimFolder = async (context: RuntimeContext, launch: AttemptLaunch) => {
  try {
    return { kind: 'claimed', uid: await createFolder(context.attempts, launch) } as const;
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (!passing.has(code)) throw error;
    return busy(`The attempt's folder could not be made: ${message}.`);
  }
};

const create = async (
  context: RuntimeContext,
  book: AttemptBook,
  launch: AttemptLaunch,
  name: string,
): Promise<EnsureOutcome> => {
  const prepared = prepareCommand(launch, join(context.attempts, name), context.settings);
  if (prepared.kind === 'refused') return prepared;
  const made = await claimFolder(context, launch);
  if (made.kind === 'busy') return made;
  const entry = book.load(name);
  if (entry === null)
    return { kind: 'unresolved', message: `The folder ${name} vanished while it was made.` };
  if (entry.file.ref.object.uid !== made.uid) return exists(context, book, launch, entry);
  const spawned = await startShim(context, book, entry, prepared.command);
  if (spawned.kind === 'failed') return takeBack(context, book, entry, spawned);
  return { kind: 'created', object: entry.file.ref.object };
};

/** The folder is there. Where nothing started, another shim may try: whichever creates `started` runs the command. */
const exists = async (
  context: RuntimeContext,
  book: AttemptBook,
  launch: AttemptLaunch,
  entry: Entry,
): Promise<EnsureOutcome> => {
  const { object } = entry.file.ref;
  if (!isMeant(entry, { ...launch, object: null }))
    return foreign(
      object.name,
      `The folder ${entry.paths.root} belongs to attempt ${entry.file.ref.attemptId}. ` +
        'The database may have been restored to an earlier time.',
    );
  await book.look(entry);
  if (entry.phase.kind !== 'unstarted' || entry.ownShim === 'alive') return { kind: 'exists', object };
  const prepared = prepareCommand(launch, entry.paths.root, context.settings);
  if (prepared.kind === 'prepared') await startShim(context, book, entry, prepared.command);
  return { kind: 'exists', object };
};

const attempt = async (
  context: RuntimeContext,
  book: AttemptBook,
  launch: AttemptLaunch,
  name: string,
): Promise<EnsureOutcome> => {
  let entry: Entry | null;
  try {
    entry = book.load(name);
  } catch (error) {
    if (!isDamaged(error)) return unreachable(error);
    return foreign(name, `The folder ${join(context.attempts, name)} is damaged: ${String(error)}.`);
  }
  try {
    return entry === null
      ? await create(context, book, launch, name)
      : await exists(context, book, launch, entry);
  } catch (error) {
    return unreachable(error);
  }
};

/** `ensure` of the runtime: calls for one name in this process go one after the other. */
export const createEnsure = (
  context: RuntimeContext,
  book: AttemptBook,
): ((launch: AttemptLaunch) => Promise<EnsureOutcome>) => {
  const underWay = new Map<string, Promise<EnsureOutcome>>();
  return (launch) => {
    const name = objectName(launch.installation, launch.jobId, launch.attemptNumber);
    const before = underWay.get(name) ?? Promise.resolve();
    const outcome = before.then(() => attempt(context, book, launch, name));
    underWay.set(name, outcome);
    return outcome.finally(() => {
      if (underWay.get(name) === outcome) underWay.delete(name);
    });
  };
};
