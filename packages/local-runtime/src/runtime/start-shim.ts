import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { failure, type AttemptLaunch, type EnsureOutcome } from '@job-orchestrator/types';
import { discardFolder, preventStart } from '../attempt/folder.ts';
import { tooLarge, type PreparedCommand } from '../launch/command.ts';
import { spawnShim, type Spawned } from '../launch/spawn-shim.ts';
import type { AttemptBook } from './book.ts';
import type { Entry, RuntimeContext } from './entry.ts';

/** One call of `ensure`. */
export interface Launching {
  readonly context: RuntimeContext;
  readonly book: AttemptBook;
  readonly launch: AttemptLaunch;
  /** The folder's name. */
  readonly name: string;
  readonly mayCreate: () => boolean;
}

/** Shortages of the machine that pass: processes, memory, descriptors, disk, and a disk that is read-only after a fault. */
export const passing: ReadonlySet<string> = new Set([
  'EAGAIN',
  'ENOMEM',
  'EMFILE',
  'ENFILE',
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'EINTR',
]);
const retryAfterMs = 2_000;

/** Certain that nothing was made; worth another try soon. */
export const busy = (message: string): Extract<EnsureOutcome, { kind: 'busy' }> => ({
  kind: 'busy',
  reason: 'quota',
  retryAfterMs,
  message,
});

type NotStarted = Exclude<Spawned, { kind: 'spawned' }> | { readonly kind: 'withheld' };

/** Starts the shim, unless the guard says no in the tick of the spawn; null once it runs. */
export const startShim = async (
  { context, book, mayCreate }: Launching,
  entry: Entry,
  command: PreparedCommand,
): Promise<NotStarted | null> => {
  if (!mayCreate()) return { kind: 'withheld' };
  const spawned = await spawnShim({
    folder: entry.paths.root,
    bootId: context.table.bootId,
    tools: context.tools,
    workingDirectory: context.settings.workingDirectory,
    command,
  });
  if (spawned.kind === 'failed')
    return spawned.code === 'E2BIG' ? { ...spawned, message: tooLarge(command) } : spawned;
  entry.ownShim = 'alive';
  void spawned.ended.then(() => {
    entry.ownShim = 'ended';
    return book.look(entry);
  });
  return null;
};

/** No shim was started: takes the folder back, unless somebody else's shim began meanwhile. */
export const takeBack = async (
  { context, book }: Launching,
  entry: Entry,
  notStarted: NotStarted,
): Promise<EnsureOutcome> => {
  const { object } = entry.file.ref;
  if (!preventStart(entry.paths.root, context.table.bootId, 'the shim could not be started'))
    return { kind: 'exists', object };
  book.forget(entry);
  await rm(discardFolder(context.attempts, object.name), { recursive: true, force: true });
  if (notStarted.kind === 'withheld') return notStarted;
  if (!existsSync(context.settings.workingDirectory))
    return busy(`The working directory ${context.settings.workingDirectory} is gone.`);
  const message = `The system could not start the process: ${notStarted.message}.`;
  if (passing.has(notStarted.code)) return busy(message);
  return { kind: 'refused', failure: failure('launch_refused', message, { code: notStarted.code }) };
};
