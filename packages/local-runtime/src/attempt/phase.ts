import { existsSync, readFileSync, statSync } from 'node:fs';
import type { ProcessTable, ShimIdentity } from '../processes/process-table.ts';
import { attemptPaths, type AttemptPaths } from './folder.ts';

/** How far an attempt is, as its folder and the process table show it. */
export type Phase =
  | { readonly kind: 'unstarted'; readonly since: Date }
  /** Somebody other than a shim created `started`: it never ran and never will. */
  | { readonly kind: 'prevented'; readonly at: Date; readonly why: string }
  | {
      readonly kind: 'running';
      readonly shim: ShimIdentity;
      readonly startedAt: Date;
      readonly group: number | null;
    }
  | {
      readonly kind: 'ended';
      readonly code: number;
      readonly execFailed: boolean;
      readonly startedAt: Date;
      readonly finishedAt: Date;
    }
  /** The shim is gone and left no exit code. */
  | {
      readonly kind: 'lost';
      readonly shim: ShimIdentity | null;
      readonly group: number | null;
      readonly startedAt: Date;
      readonly rebooted: boolean;
    };

/** True while the attempt runs or may still begin to. */
export const isLive = (phase: Phase): boolean => phase.kind === 'unstarted' || phase.kind === 'running';

interface Started {
  readonly at: Date;
  readonly pid: number;
  readonly bootId: string;
  readonly detail: string;
  /** False while its writer is between creating and filling it, or died there. */
  readonly complete: boolean;
}

const readIfThere = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};

const readStarted = (paths: AttemptPaths): Started | null => {
  const text = readIfThere(paths.started);
  if (text === null) return null;
  const [pid = '', bootId = '', detail = '', end] = text.split('\n');
  return { at: statSync(paths.started).mtime, pid: Number(pid), bootId, detail, complete: end === '.' };
};

const readGroup = (paths: AttemptPaths): number | null => {
  const text = readIfThere(paths.group);
  return text !== null && /^[1-9]\d*\n$/.test(text) ? Number(text) : null;
};

/** The exit file's mtime is the end's time: `date` in the shim would cost a process and be less precise. */
const readEnded = (paths: AttemptPaths, startedAt: Date): Phase | null => {
  const text = readIfThere(paths.exit);
  if (text === null) return null;
  const code = Number.parseInt(text, 10);
  return {
    kind: 'ended',
    code,
    // A shell that is killed before its exec may run the trap too (bash), but never with these codes.
    execFailed: (code === 126 || code === 127) && existsSync(paths.execFailed),
    startedAt,
    finishedAt: statSync(paths.exit).mtime,
  };
};

/** How long the shim may be between creating and filling `started`: it is one write, so 10 s says that it died. */
const halfStartedMs = 10_000;

const judgeStarted = (paths: AttemptPaths, started: Started, table: ProcessTable, now: Date): Phase => {
  if (started.complete && started.pid === 0)
    return { kind: 'prevented', at: started.at, why: started.detail };
  const ended = readEnded(paths, started.at);
  if (ended !== null) return ended;
  if (!started.complete && now.getTime() - started.at.getTime() < halfStartedMs)
    return { kind: 'unstarted', since: started.at };
  const shim = started.complete ? { pid: started.pid, bootId: started.bootId, birth: started.detail } : null;
  const group = readGroup(paths);
  if (shim !== null && table.isAlive(shim)) return { kind: 'running', shim, startedAt: started.at, group };
  // The shim may have written its exit file between our two looks.
  const rebooted = shim !== null && shim.bootId !== table.bootId;
  return readEnded(paths, started.at) ?? { kind: 'lost', shim, group, startedAt: started.at, rebooted };
};

/** Looks at the folder and at the shim's process: a few small reads, no process started. Throws when unreadable. */
export const readPhase = (root: string, table: ProcessTable, now: Date): Phase => {
  const paths = attemptPaths(root);
  const started = readStarted(paths);
  if (started === null) return { kind: 'unstarted', since: statSync(paths.record).mtime };
  return judgeStarted(paths, started, table, now);
};
