import type { DagRunId, Database, JobId } from '@job-orchestrator/types';

/** The ports that every operation may use. */
export type Repositories = Pick<
  Database,
  'queue' | 'history' | 'images' | 'topics' | 'executors' | 'dags' | 'wakeUps'
>;

/** What an operation needs beside its arguments: ports, a source of ids, and the rules of this installation. */
export interface OperationDeps {
  readonly database: Repositories;
  readonly newJobId: () => JobId;
  readonly newDagRunId: () => DagRunId;
  /** False where no output collector is set up: a declared output is refused. */
  readonly outputsSupported: boolean;
  /** True in `dev`: an unknown image name is registered at its first use, and the answer says so. */
  readonly autoRegisterImages: boolean;
}
