import type { LogTail } from '../vocabulary/attempt-write.ts';
import type { Failure } from '../vocabulary/failures.ts';
import type { AttemptId, InstallationId, JobId } from '../vocabulary/ids.ts';
import type { JobSpec, RuntimeObject } from '../vocabulary/job.ts';
import type { Observation, OutputReport } from '../vocabulary/observation.ts';
import type { Placement, SecretReference } from '../vocabulary/profile.ts';
import type { RuntimeKind, SetAside } from '../vocabulary/registry.ts';

/** Names one attempt to a runtime; the object's name follows from the first three (`objectName`). */
export interface AttemptRef {
  readonly installation: InstallationId;
  readonly jobId: JobId;
  readonly attemptNumber: number;
  readonly attemptId: AttemptId;
  /** null while the create is unresolved. */
  readonly object: RuntimeObject | null;
}

/** All that a runtime needs to run an attempt. */
export interface AttemptLaunch extends AttemptRef {
  readonly topic: string;
  /** With the resources that this attempt asks for. */
  readonly spec: JobSpec;
  /** The node that another is preferred to; null: none. */
  readonly avoidNode: string | null;
  /** What the job's profile says now; absent: it has none. */
  readonly placement?: Placement;
  /** By variable: where its value lies. Whoever runs the attempt reads it there; we do not. */
  readonly secretEnv?: Readonly<Record<string, SecretReference>>;
}

/**
 * What became of `ensure`.
 * `created`: we got the confirmation ourselves. `exists`: it was there already, and ours.
 * `taken_over`: the object of this very execution (job and number) was there under the id of an attempt that the database
 * has forgotten, for it went back in time; it is this attempt's now. `superseded`: nothing was created, for an object of a
 * later attempt of the job is there, forgotten likewise: this number is past.
 * `terminating`: it is there, ours, and being removed: it was created once and must not be again; record it as launched.
 * `refused`: certain that nothing was created and nothing will be. `busy`: certain that nothing was created; try later.
 * `withheld`: `mayCreate` said no: certain that nothing was created by this call.
 * `unresolved`: the answer was lost; the object may or may not exist, now or later: call `ensure` again, same name.
 */
export type EnsureOutcome =
  | { readonly kind: 'created'; readonly object: RuntimeObject }
  | { readonly kind: 'exists'; readonly object: RuntimeObject }
  | { readonly kind: 'taken_over'; readonly object: RuntimeObject; readonly from: AttemptId }
  | { readonly kind: 'superseded'; readonly by: number }
  | { readonly kind: 'terminating'; readonly object: RuntimeObject; readonly message: string }
  | { readonly kind: 'refused'; readonly failure: Failure }
  | {
      readonly kind: 'busy';
      /**
       * `quota`: the runtime has no room. `runtime_busy`: it asks for patience. `runtime_unreachable`: it cannot be asked,
       * or lets us do nothing.
       */
      readonly reason: 'quota' | 'runtime_busy' | 'runtime_unreachable';
      readonly retryAfterMs: number;
      readonly message: string;
    }
  | { readonly kind: 'withheld' }
  | { readonly kind: 'unresolved'; readonly message: string };

/**
 * What executes attempts. Observations come from the runtime's own cache (one watch for all attempts), so `observe`
 * is cheap; `onChange` says which attempt to look at again. No method throws for a fault of the runtime:
 * it answers `unreachable`, `unresolved` or false.
 */
export interface JobRuntime {
  readonly kind: RuntimeKind;
  /** Whose attempts may be adopted here: cluster uid + namespace, or machine + data folder. */
  readonly key: string;
  /** Begins to watch; resolves once the first full view is there. Throws when the runtime cannot be used at all. */
  start(onChange: (attempt: AttemptId) => void): Promise<void>;
  /**
   * Makes the attempt's object under its deterministic name, or finds it. Safe to repeat. `mayCreate` is asked in the same
   * tick in which the create leaves us (a request is written, a process is spawned), however long it waited before; an
   * executor gives its lease.
   */
  ensure(launch: AttemptLaunch, mayCreate: () => boolean): Promise<EnsureOutcome>;
  observe(ref: AttemptRef): Promise<Observation>;
  /** Asks the program to end: SIGTERM, then SIGKILL after `graceSeconds`. Safe to repeat. False: could not ask now. */
  stop(ref: AttemptRef, graceSeconds: number): Promise<boolean>;
  /** The end of the log, at most `maxBytes`; null when there is none (any more). What cannot be read is `end_missing`. */
  logTail(ref: AttemptRef, maxBytes: number): Promise<LogTail | null>;
  /**
   * The output of an ended attempt whose observation says `left`, from whatever its runtime kept of it. `pending`: that
   * cannot be said now.
   */
  collectOutput(ref: AttemptRef): Promise<OutputReport>;
  /** Removes what is left of an ended attempt, by uid. True once it is confirmed gone. */
  remove(ref: AttemptRef): Promise<boolean>;
  /** Every object of this installation that exists now, for the janitor; null when that cannot be said now. */
  list(): Promise<readonly AttemptRef[] | null>;
  /** Objects of this installation that cannot be read, and are left out of everything else. */
  setAside(): Promise<readonly SetAside[]>;
  close(): Promise<void>;
}

/** Whose pod a token speaks for. `unavailable`: that cannot be said now. */
export type PodIdentity =
  | { readonly kind: 'pod'; readonly uid: string }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'unavailable'; readonly message: string };

/** Tells by a pod's own token which pod speaks. Never throws. */
export interface PodIdentifier {
  /** A token that was made for another audience is refused. */
  identify(token: string, audience: string): Promise<PodIdentity>;
}

/** The containers of an attempt that have a log: its program, and what delivers its output where there is such a thing. */
export const logContainers = ['main', 'output-collector'] as const;
export type LogContainer = (typeof logContainers)[number];

/**
 * How far a reader has come in what a runtime shows of a log now, where that is not the offset in the log (Kubernetes shows
 * the newest file only). The runtime keeps it; whoever opens the log again for the same reader gives it back.
 */
export interface LogPlace {
  /** Bytes of it that the reader has. */
  position: number;
  /** By which it is known again; null: not known yet. */
  file: string | null;
}

/** How to read a live log. `fromByte` skips what the reader has already. `container`: `main` unless given. */
export interface LogRequest {
  readonly container?: LogContainer;
  readonly follow: boolean;
  readonly fromByte: number;
  /** Of a reader that opens the log again; it begins as `fromByte` and no file. */
  readonly place?: LogPlace;
  readonly signal: AbortSignal;
  /**
   * Called before the chunk that follows a hole: so many bytes of the log were rotated away. null: some were, and nobody knows
   * how many. Kubernetes does not tell of what it rotated before the log was opened.
   */
  readonly onSkip?: (bytes: number | null) => void;
}

/**
 * Reads the log of a running or just ended attempt straight from its runtime; null when there is none there. What breaks off
 * before its end throws.
 */
export interface LogSource {
  open(ref: AttemptRef, request: LogRequest): Promise<AsyncIterable<Uint8Array> | null>;
}
