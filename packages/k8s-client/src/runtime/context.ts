import type { Clock, InstallationId, Logger } from '@job-orchestrator/types';
import type { CollectorSettings } from '../collector/container.ts';
import type { ApiClient } from '../http/api-client.ts';
import type { Paths } from '../http/paths.ts';
import type { AttemptStore } from './attempt-store.ts';
import type { Quarantine } from './quarantine.ts';

/** What the parts of the runtime share. */
export interface RuntimeContext {
  readonly api: ApiClient;
  readonly paths: Paths;
  readonly namespace: string;
  readonly installation: InstallationId;
  readonly store: AttemptStore;
  readonly quarantine: Quarantine;
  /** Null: jobs that declare an output are refused. */
  readonly collector: CollectorSettings | null;
  readonly clock: Clock;
  readonly log: Logger;
}
