import { preventStart } from '../attempt/folder.ts';
import { readPhase, type Phase } from '../attempt/phase.ts';
import { tendLog } from '../log/segments.ts';
import { sendSignal } from '../processes/process-table.ts';
import { sweepMarked } from '../processes/sweep.ts';
import type { Entry, RuntimeContext } from './entry.ts';

/**
 * How long a shim that somebody else was to start may take, counted from when we found the folder, before we decide that
 * it never will. Milliseconds. Whoever takes the attempt over starts it yet, and may have to wait for a lease of 9 s first:
 * a patience of 10 s from the folder's making cost an attempt that had never begun whenever an orchestrator was killed there
 * and another came late.
 */
const launchPatienceMs = 30_000;

const isAbandoned = (context: RuntimeContext, { ownShim, noticedAt }: Entry): boolean =>
  ownShim === 'ended' ||
  (ownShim === 'none' && context.clock.now().getTime() - noticedAt.getTime() > launchPatienceMs);

const whyPrevented = (context: RuntimeContext, entry: Entry): string | null => {
  if (entry.stop !== null) return 'it was stopped first';
  return isAbandoned(context, entry) ? 'what was to start it died first' : null;
};

/** Reads the phase; where nothing started and nothing should any more, whoever creates `started` decides. */
export const decidePhase = (context: RuntimeContext, entry: Entry): Phase => {
  const look = (): Phase => readPhase(entry.paths.root, context.table, context.clock.now());
  const phase = look();
  if (phase.kind !== 'unstarted') return phase;
  const why = whyPrevented(context, entry);
  if (why === null) return phase;
  preventStart(entry.paths.root, context.table.bootId, why);
  return look();
};

const sweep = async (context: RuntimeContext, entry: Entry, except: number | null): Promise<void> => {
  const { markers, ref } = entry.file;
  const swept = await Promise.all(markers.map((marker) => sweepMarked(marker, except)));
  if (swept.every(Boolean)) return;
  context.log.warn(
    { attemptId: ref.attemptId },
    'processes of a stopped attempt would not die, or run as another user',
  );
};

/** Sends what is due of a stop. The group's number cannot be another's while its parent, the shim, lives. */
export const driveStop = async (
  context: RuntimeContext,
  entry: Entry,
  phase: Extract<Phase, { kind: 'running' }>,
): Promise<void> => {
  if (entry.stop === null || phase.group === null) return;
  if (context.clock.monotonicMs() >= entry.stop.killAtMs) {
    sendSignal(-phase.group, 'SIGKILL');
    await sweep(context, entry, phase.shim.pid);
  } else if (!entry.stop.terminated) {
    entry.stop = { ...entry.stop, terminated: true };
    sendSignal(-phase.group, 'SIGTERM');
  }
};

/**
 * Before an end is told: nothing of a stopped or lost attempt may go on, or the next one would run beside it. The
 * shim has killed its command's group itself; a lost one could not. Without /proc the group is all we know of.
 */
export const endRest = async (context: RuntimeContext, entry: Entry, phase: Phase): Promise<void> => {
  if (phase.kind === 'lost' && !phase.rebooted) {
    if (process.platform !== 'linux' && phase.group !== null) sendSignal(-phase.group, 'SIGKILL');
    await sweep(context, entry, null);
  } else if (phase.kind === 'ended' && entry.stop !== null) await sweep(context, entry, null);
};

/** More than this since the last look: look again soon, so that the log stays small. Bytes. */
const hotBytes = 1_048_576;

/** Rotates the log where it is due. */
export const tend = (context: RuntimeContext, entry: Entry): void => {
  const before = entry.logSeen;
  try {
    entry.logSeen = tendLog(entry.paths.log, before, context.maxLogBytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      context.log.warn({ attemptId: entry.file.ref.attemptId, error: String(error) }, 'cannot rotate a log');
  }
  entry.logIsHot = entry.logSeen < before || entry.logSeen - before > hotBytes;
};
