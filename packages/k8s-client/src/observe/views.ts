import type { LabelledAttempt } from '../labels.ts';

/** What we keep of any object: a few hundred bytes instead of a manifest with up to 128 KiB of inputs. */
interface ObjectView {
  readonly attempt: LabelledAttempt;
  readonly name: string;
  readonly uid: string;
  readonly version: string;
  readonly createdAt: Date;
  /** True once its deletion was asked for. */
  readonly deleting: boolean;
  /** When it should be gone, by the server's clock: for people to read; null while no deletion was asked for. */
  readonly goneBy: Date | null;
}

export interface ConditionView {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly changedAt: Date | null;
}

export interface JobView extends ObjectView {
  readonly suspended: boolean;
  /** The queue of Kueue that it is in; null: in none. */
  readonly localQueue: string | null;
  /** True once we asked the attempt to end. */
  readonly stopRequested: boolean;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  readonly conditions: readonly ConditionView[];
  /** When it was let go after a suspension, on our monotonic clock; null: it never was, or it is not known. */
  readonly letGoMs: number | null;
}

export type ContainerState =
  | { readonly kind: 'none' }
  | { readonly kind: 'waiting'; readonly reason: string; readonly message: string }
  | { readonly kind: 'running'; readonly startedAt: Date | null }
  | {
      readonly kind: 'terminated';
      readonly exitCode: number;
      readonly signal: number | null;
      readonly reason: string;
      readonly message: string;
      readonly startedAt: Date | null;
      readonly finishedAt: Date | null;
    };

export interface ContainerView {
  readonly name: string;
  /** An init container with `restartPolicy: Always`: its end says nothing. */
  readonly sidecar: boolean;
  readonly state: ContainerState;
  readonly imageId: string | null;
}

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';

export interface PodView extends ObjectView {
  /** The uid of the Job that owns it; null for an orphan. */
  readonly jobUid: string | null;
  readonly phase: PodPhase;
  readonly reason: string;
  readonly message: string;
  readonly node: string | null;
  readonly conditions: readonly ConditionView[];
  readonly init: readonly ContainerView[];
  readonly main: ContainerView;
  /** Our output collector; null for a job that declares no output. */
  readonly collector: ContainerView | null;
  /** The main container's limit of memory, as it is written; null without. */
  readonly memoryLimit: string | null;
  /** True once the server told us that it is deleted; its last state is kept until its Job goes too. */
  readonly gone: boolean;
  /** What its program is given between its deletion and its end, in milliseconds. */
  readonly graceMs: number;
  /** When its deletion was first seen, on our monotonic clock; null while none was asked for. */
  readonly deletingSinceMs: number | null;
  /** When its main container was first seen in trouble that may pass (a failed pull), on our monotonic clock; null while there is none. */
  readonly troubleSinceMs: number | null;
}

/** A warning of the server about a Job or a pod. */
export interface Warning {
  readonly aboutUid: string;
  readonly aboutName: string;
  readonly reason: string;
  readonly message: string;
}

/** The newest warning about a Job or a pod. */
export interface EventView extends Warning {
  /** When what it warns of was first seen, on our monotonic clock. */
  readonly seenMs: number;
}

/** All that is known of one attempt. `job` null: there is none, or it is gone. */
export interface AttemptView {
  readonly job: JobView | null;
  readonly pods: readonly PodView[];
  /** The newest warning about the Job. */
  readonly event: EventView | null;
  /** The newest warning about one of its pods. */
  readonly podEvent: EventView | null;
}
