import type { DagGraph, DagRunId, Database, JobId, JsonObject, JsonValue } from '@job-orchestrator/types';

/** The ports that every operation may use. */
export type Repositories = Pick<
  Database,
  | 'queue'
  | 'history'
  | 'deadLetters'
  | 'images'
  | 'profiles'
  | 'secretBindings'
  | 'topics'
  | 'executors'
  | 'dags'
  | 'wakeUps'
>;

/** The rules of DAG definitions, which are another package's: `dagRules` of dag-orchestrator. Pure. */
export interface DagRules {
  /** Checks and compiles a definition; `digest` is of what it means. Throws `invalid_input`. */
  readonly compile: (document: JsonValue) => { readonly graph: DagGraph; readonly digest: string };
  /** The inputs of a run with the defaults of what was not given. Throws `invalid_input`. */
  readonly completeInputs: (graph: DagGraph, given: JsonObject) => JsonObject;
}

/** What an operation needs beside its arguments: ports, a source of ids, and the rules of this installation. */
export interface OperationDeps {
  readonly database: Repositories;
  readonly newJobId: () => JobId;
  readonly newDagRunId: () => DagRunId;
  readonly dagRules: DagRules;
  /** False where no output collector is set up: a declared output is refused. */
  readonly outputsSupported: boolean;
  /** True in `dev`: an unknown image name is registered at its first use, and the answer says so. */
  readonly autoRegisterImages: boolean;
}
