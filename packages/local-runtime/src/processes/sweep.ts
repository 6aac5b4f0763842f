import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { AttemptId } from '@job-orchestrator/types';
import { sendSignal } from './process-table.ts';

/** The variable that every process of an attempt inherits, also after `setsid`. */
export const markerVariable = 'JOB_ORCHESTRATOR_ATTEMPT_ID';

/** A killed process keeps its environment until the kernel has torn it down: look again, at most so often. */
const roundsMost = 30;
/** Rounds without a pause; what is left then hangs in the kernel, and gets longer pauses: a second in all. */
const quickRounds = 10;
const pauseMs = 50;
/** In the middle of its exec a process shows no environment: one look that finds nothing is no proof, two so far apart are. */
const [quietLooks, execMs] = [2, 10];

const carries = (pid: string, marker: string): boolean => {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`.includes(marker);
  } catch {
    return false;
  }
};

const carriers = (attempt: AttemptId, except: number | null): number[] => {
  const marker = `\0${markerVariable}=${attempt}\0`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== except && Number(name) !== process.pid)
    .filter((pid) => carries(pid, marker))
    .map(Number);
};

/**
 * Kills whatever still carries the attempt's marker, until two looks find nothing. One look reads the environment of
 * every process (about 5 ms for 300), so this is for stopped and lost attempts, not for every end.
 * Returns false when something would not die, or was not ours to kill. Without /proc there is nothing to look at.
 */
export const sweepMarked = async (attempt: AttemptId, except: number | null): Promise<boolean> => {
  if (process.platform !== 'linux') return true;
  for (let round = 0, quiet = 0; round < roundsMost; round += 1) {
    const found = carriers(attempt, except);
    quiet = found.length === 0 ? quiet + 1 : 0;
    if (quiet === quietLooks) return true;
    for (const pid of found) sendSignal(pid, 'SIGKILL');
    if (quiet > 0) await sleep(execMs);
    else await (round < quickRounds ? nextTurn() : sleep(pauseMs));
  }
  return false;
};
