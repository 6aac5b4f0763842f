import type { FSWatcher } from 'node:fs';
import type { AttemptRef, Clock, InstallationId, Logger } from '@job-orchestrator/types';
import type { OutputLimits } from '@job-orchestrator/types/output-folder';
import type { LaunchSettings } from '../launch/command.ts';
import type { ShimTools } from '../launch/shim.ts';
import type { AttemptFile, AttemptPaths } from '../attempt/folder.ts';
import type { Phase } from '../attempt/phase.ts';
import type { ProcessTable } from '../processes/process-table.ts';

/** A stop that was asked for: SIGTERM is sent once, SIGKILL from `killAtMs` (monotonic) on. */
export interface StopRequest {
  readonly killAtMs: number;
  readonly terminated: boolean;
}

/** What we hold in memory of one attempt's folder. */
export interface Entry {
  file: AttemptFile;
  readonly paths: AttemptPaths;
  phase: Phase;
  /** When we saw the phase first; the end's time of an attempt that left none. */
  noticedAt: Date;
  stop: StopRequest | null;
  /** `none`: we started no shim for it; `ended`: it is over, and `started` must be there by now. */
  ownShim: 'none' | 'alive' | 'ended';
  watcher: FSWatcher | null;
  /** Size of the log when we tended it last, and whether it grows fast. */
  logSeen: number;
  logIsHot: boolean;
  removed: boolean;
}

/** All that the parts of the runtime share. */
export interface RuntimeContext {
  readonly attempts: string;
  readonly installation: InstallationId;
  readonly log: Logger;
  readonly clock: Clock;
  readonly table: ProcessTable;
  readonly tools: ShimTools;
  readonly settings: LaunchSettings;
  readonly node: string;
  readonly maxLogBytes: number;
  readonly outputLimits: OutputLimits;
  readonly pollIntervalMs: number;
  readonly useWatch: boolean;
}

/** True when `ref` means exactly this folder; an unresolved ref is told by its attempt's id. */
export const isMeant = (entry: Entry, ref: AttemptRef): boolean =>
  entry.file.ref.attemptId === ref.attemptId &&
  (ref.object === null || ref.object.uid === entry.file.ref.object.uid);
