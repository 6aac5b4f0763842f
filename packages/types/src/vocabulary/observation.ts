import type { Failure } from './failures.ts';
import type { WaitingReason } from './states.ts';

/** A job's result (`result.json`) as it wrote it: JSON text, its size in bytes, its sha-256 (hex). */
export interface OutputResult {
  readonly text: string;
  readonly bytes: number;
  readonly digest: string;
}

/** An output file beside the result, and the sha-256 (hex) of its content. */
export interface OutputFile {
  readonly name: string;
  readonly content: Uint8Array;
  readonly digest: string;
}

/**
 * What became of the output of an ended attempt. `pending`: it may still arrive. `left`: what was to deliver it has ended;
 * whoever has it (the database, the runtime) must be asked. `lost`: nobody has it any more. `ready`: `files` are those that
 * the database does not have yet; it gets them before the end of their attempt is recorded.
 */
export type OutputReport =
  | { readonly kind: 'none' }
  | { readonly kind: 'pending' }
  | { readonly kind: 'left' }
  | { readonly kind: 'lost'; readonly message: string }
  | {
      readonly kind: 'ready';
      readonly result: OutputResult | null;
      readonly files: readonly OutputFile[];
    }
  | { readonly kind: 'invalid'; readonly message: string };

/**
 * How an attempt's program ended, as its runtime judges it. `failure` null means: exit code 0 and nothing
 * speaks against success.
 */
export interface ExitReport {
  readonly exitCode: number | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date;
  readonly failure: Failure | null;
  readonly output: OutputReport;
  readonly node: string | null;
  readonly imageDigest: string | null;
  /** What ran it, such as its pod's uid: only from there its output may come. Absent where that is of no use. */
  readonly instance?: string;
}

/**
 * Whether the time to start is counted: `stopped` while something beside us (Kueue) holds the object back until there is
 * quota for it; a number: for so many milliseconds since it was let go, as the runtime itself saw. Absent: from the claim on.
 */
export type StartClock = 'stopped' | number;

/**
 * A plain record of what the runtime shows of an attempt now.
 * `unreachable`: it cannot say (hold, never duplicate); `unread`: what exists can be asked to end, though it cannot be read. `absent`: it is certain that nothing of the attempt exists.
 * `refused`: it exists but cannot start, and waiting will not help after a grace; `waiting` is what it waits for till then.
 * `node_lost`: it was asked to go, and its node does not say that it is gone.
 * `forMs`: for how long the runtime itself has seen it refused, or overdue (negative: it still has so long to go). Never the
 * difference of two clocks: a server or a machine that is minutes off must not cut a grace short.
 */
export type Observation =
  | { readonly kind: 'unreachable'; readonly message: string; readonly unread?: true }
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'waiting';
      readonly reason: WaitingReason;
      readonly message: string;
      readonly startClock?: StartClock;
      /** Present: its program had started, at this time, before the object was held back again. */
      readonly ranSince?: Date;
    }
  | {
      readonly kind: 'refused';
      readonly forMs: number;
      readonly graceMs: number;
      readonly failure: Failure;
      readonly waiting?: WaitingReason;
      readonly startClock?: StartClock;
    }
  | {
      readonly kind: 'running';
      readonly startedAt: Date;
      readonly node: string | null;
      readonly instance?: string;
    }
  | { readonly kind: 'terminating'; readonly message: string; readonly startClock?: StartClock }
  | {
      readonly kind: 'node_lost';
      readonly forMs: number;
      readonly node: string | null;
      readonly message: string;
    }
  | { readonly kind: 'ended'; readonly exit: ExitReport };
