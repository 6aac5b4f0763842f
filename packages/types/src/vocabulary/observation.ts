import type { JsonValue } from '../json/json-value.ts';
import type { Failure } from './failures.ts';
import type { WaitingReason } from './states.ts';

/**
 * What became of the output of an ended attempt. `pending`: it may still arrive. `left`: what was to deliver it has ended;
 * whoever has it (the database, the runtime) must be asked. `lost`: nobody has it any more.
 */
export type OutputReport =
  | { readonly kind: 'none' }
  | { readonly kind: 'pending' }
  | { readonly kind: 'left' }
  | { readonly kind: 'lost'; readonly message: string }
  | { readonly kind: 'ready'; readonly value: JsonValue; readonly bytes: number; readonly digest: string }
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
 * A plain record of what the runtime shows of an attempt now.
 * `unreachable`: it cannot say (hold, never duplicate). `absent`: it is certain that nothing of the attempt exists.
 * `refused`: it exists but cannot start, and waiting will not help after a grace.
 */
export type Observation =
  | { readonly kind: 'unreachable'; readonly message: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'waiting'; readonly reason: WaitingReason; readonly message: string }
  | { readonly kind: 'refused'; readonly since: Date; readonly graceMs: number; readonly failure: Failure }
  | {
      readonly kind: 'running';
      readonly startedAt: Date;
      readonly node: string | null;
      readonly instance?: string;
    }
  | { readonly kind: 'terminating'; readonly message: string }
  | { readonly kind: 'ended'; readonly exit: ExitReport };
