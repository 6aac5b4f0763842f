import { join } from 'node:path';
import { failure, objectName, type EnsureOutcome, type JobRuntime } from '@job-orchestrator/types';
import { createFolder, isDamaged, rewriteOwner } from '../attempt/folder.ts';
import { prepareCommand } from '../launch/command.ts';
import type { AttemptBook } from './book.ts';
import { isMeant, type Entry, type RuntimeContext } from './entry.ts';
import { busy, passing, startShim, takeBack, type Launching } from './start-shim.ts';

const unreachable = (error: unknown): EnsureOutcome => ({
  kind: 'unresolved',
  message: `The attempt's folder could not be reached: ${String(error)}.`,
});

const foreign = (name: string, message: string): EnsureOutcome => ({
  kind: 'refused',
  failure: failure('name_taken', message, { folder: name }),
});

/** A shortage before the folder has its name leaves nothing behind. */
const claimFolder = async ({ context, launch }: Launching) => {
  try {
    return { kind: 'claimed', uid: await createFolder(context.attempts, launch) } as const;
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (!passing.has(code)) throw error;
    return busy(`The attempt's folder could not be made: ${message}.`);
  }
};

const create = async (launching: Launching): Promise<EnsureOutcome> => {
  const { context, book, launch, name, mayCreate } = launching;
  const prepared = prepareCommand(launch, join(context.attempts, name), context.settings);
  if (prepared.kind === 'refused') return prepared;
  if (!mayCreate()) return { kind: 'withheld' };
  const made = await claimFolder(launching);
  if (made.kind === 'busy') return made;
  const entry = book.load(name);
  if (entry === null)
    return { kind: 'unresolved', message: `The folder ${name} vanished while it was made.` };
  if (entry.file.ref.object.uid !== made.uid) return exists(launching, entry);
  const notStarted = await startShim(launching, entry, prepared.command);
  if (notStarted !== null) return takeBack(launching, entry, notStarted);
  return { kind: 'created', object: entry.file.ref.object };
};

/**
 * A folder of the same job and number under another attempt's id: the database went back in time and has forgotten that
 * attempt. It is this very execution, so it goes on as this attempt's.
 */
const takeOver = async (launching: Launching, entry: Entry): Promise<EnsureOutcome> => {
  const { context, launch, name, mayCreate } = launching;
  if (!mayCreate()) return { kind: 'withheld' };
  const from = entry.file.ref.attemptId;
  entry.file = rewriteOwner(context.attempts, name, launch.attemptId);
  const found = await exists(launching, entry);
  return found.kind === 'exists' ? { kind: 'taken_over', object: found.object, from } : found;
};

/** A later attempt of the same job, which the database has forgotten. */
const laterAttempt = ({ book, launch }: Launching): number | null => {
  for (const { file } of book.known()) {
    const { jobId, attemptNumber, installation } = file.ref;
    const sameJob = jobId === launch.jobId && installation === launch.installation;
    if (sameJob && attemptNumber > launch.attemptNumber) return attemptNumber;
  }
  return null;
};

/** The folder is there. Where nothing started, another shim may try: whichever creates `started` runs the command. */
const exists = async (launching: Launching, entry: Entry): Promise<EnsureOutcome> => {
  const { context, book, launch } = launching;
  const { object } = entry.file.ref;
  if (!isMeant(entry, { ...launch, object: null })) return takeOver(launching, entry);
  await book.look(entry);
  if (entry.phase.kind !== 'unstarted' || entry.ownShim === 'alive') return { kind: 'exists', object };
  const prepared = prepareCommand(launch, entry.paths.root, context.settings);
  if (prepared.kind === 'refused') return { kind: 'exists', object };
  const notStarted = await startShim(launching, entry, prepared.command);
  return notStarted?.kind === 'withheld' ? notStarted : { kind: 'exists', object };
};

const attempt = async (launching: Launching): Promise<EnsureOutcome> => {
  const { context, book, launch, name } = launching;
  let entry: Entry | null;
  try {
    entry = book.load(name);
  } catch (error) {
    if (!isDamaged(error)) return unreachable(error);
    return foreign(name, `The folder ${join(context.attempts, name)} is damaged: ${String(error)}.`);
  }
  try {
    const ours = entry !== null && isMeant(entry, { ...launch, object: null });
    const later = ours ? null : laterAttempt(launching);
    if (later !== null) return { kind: 'superseded', by: later };
    return entry === null ? await create(launching) : await exists(launching, entry);
  } catch (error) {
    return unreachable(error);
  }
};

/** `ensure` of the runtime: calls for one name in this process go one after the other. */
export const createEnsure = (context: RuntimeContext, book: AttemptBook): JobRuntime['ensure'] => {
  const underWay = new Map<string, Promise<EnsureOutcome>>();
  return (launch, mayCreate) => {
    const name = objectName(launch.installation, launch.jobId, launch.attemptNumber);
    const before = underWay.get(name) ?? Promise.resolve();
    const outcome = before.then(() => attempt({ context, book, launch, name, mayCreate }));
    underWay.set(name, outcome);
    return outcome.finally(() => {
      if (underWay.get(name) === outcome) underWay.delete(name);
    });
  };
};
