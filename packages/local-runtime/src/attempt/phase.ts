import { existsSync, readFileSync, statSync } from 'node:fs';
import type { ProcessTable, ShimIdentity } from '../processes/process-table.ts';
import { attemptPaths, type AttemptPaths } from './folder.ts';

/** How far an attempt is, as its folder and the process table show it. */
export type Phase =
  | { readonly kind: 'unstarted'; readonly since: Date }
  /** It never ran and never will: somebody other than a shim created `started`, or the shim could not begin it. */
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

/** The shim was alive, but the system did not let it begin (a full disk, most likely): whoever begins leaves a group. */
const neverBegun = (at: Date, code: number): Phase => ({
  kind: 'prevented',
  at,
  why: `the system did not let it begin (exit code ${code}); its disk may be full or read-only`,
});

/**
 * The exit file's mtime is the end's time: `date` in the shim would cost a process and be less precise. A file without
 * a code is none: after a power failure the name may be there, and what was in it not.
 */
const readEnded = (paths: AttemptPaths, startedAt: Date): Phase | null => {
  const code = /^(\d{1,3}) *\n$/.exec(readIfThere(paths.exit) ?? '')?.[1];
  return code === undefined ? null : endedWith(paths, Number(code), startedAt);
};

const endedWith = (paths: AttemptPaths, code: number, startedAt: Date): Phase => {
  const finishedAt = statSync(paths.exit).mtime;
  if (code !== 0 && readGroup(paths) === null) return neverBegun(finishedAt, code);
  return {
    kind: 'ended',
    code,
    // A shell that is killed before its exec may run the trap too (bash), but never with these codes.
    execFailed: (code === 126 || code === 127) && existsSync(paths.execFailed),
    startedAt,
    finishedAt,
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
