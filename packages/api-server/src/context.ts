import type { OperationDeps } from '@job-orchestrator/operations';
import type { Database, InstallationId, Logger, LogSource, RuntimeKind } from '@job-orchestrator/types';
import type { WakeHub } from './follow/wake-hub.ts';

/** Times of the server, in milliseconds. */
export interface Timings {
  /** A stream that has nothing to say sends a comment this often, so that nobody takes it for dead. */
  readonly keepAliveMs: number;
  /** A reader that takes nothing for so long is cut off. */
  readonly stuckReaderMs: number;
  /** Streams look at the database again after this long; wake-ups only make them look earlier. */
  readonly pollMs: number;
  /** Streams never look more often than this, however many wake-ups come. */
  readonly leastPollMs: number;
  /** How long a request may take to arrive. */
  readonly requestMs: number;
  /** How long a check of readiness may take. */
  readonly readinessMs: number;
}

export const defaultTimings: Timings = {
  keepAliveMs: 15_000,
  stuckReaderMs: 60_000,
  pollMs: 1_000,
  leastPollMs: 100,
  requestMs: 30_000,
  readinessMs: 5_000,
};

/** All that a route may use. */
export interface ApiContext {
  readonly database: Database;
  readonly operations: OperationDeps;
  readonly installation: InstallationId;
  readonly databaseKind: 'postgres' | 'embedded';
  readonly runtimeKind: RuntimeKind;
  readonly version: string;
  /** Live logs; null where this process cannot reach the runtime. */
  readonly logs: LogSource | null;
  readonly log: Logger;
  readonly wakes: WakeHub;
  readonly timings: Timings;
  /** The OpenAPI document of all routes. */
  readonly openApi: object;
  /** Aborted when the server closes: streams end, so that their readers come back to another server. */
  readonly closing: AbortSignal;
}
