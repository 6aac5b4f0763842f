import type {
  CronRule,
  DagGraph,
  DagRunId,
  Database,
  JobId,
  JsonObject,
  JsonValue,
  NodeReason,
  Problem,
  SkippedTimes,
} from '@job-orchestrator/types';

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
  | 'schedules'
  | 'wakeUps'
>;

/** The rules of schedules. Pure; all times lie after or between moments that are given. */
export interface ScheduleRules {
  /** What is wrong with a rule; empty: it gives times after `now`. */
  readonly problems: (rule: CronRule, now: Date) => readonly Problem[];
  readonly next: (rule: CronRule, after: Date) => Date | null;
  readonly upcoming: (rule: CronRule, after: Date, count: number) => readonly Date[];
  /** Both ends included; at most `count`. */
  readonly between: (rule: CronRule, from: Date, to: Date, count: number) => readonly Date[];
  /** What a schedule that is resumed left out since `nextAt`, and the next time to come. */
  readonly resume: (
    rule: CronRule,
    nextAt: Date | null,
    now: Date,
  ) => { readonly skipped: SkippedTimes | null; readonly next: Date | null };
  /** The inputs of the run of a time. Throws `invalid_input` for an expression without a value. */
  readonly inputsAt: (
    schedule: { readonly timeZone: string; readonly inputs: JsonObject },
    at: Date,
  ) => JsonObject;
  /** The first and the last millisecond of a day (YYYY-MM-DD) in a time zone. */
  readonly day: (timeZone: string, day: string) => { readonly from: Date; readonly to: Date };
}

/** What will become of a node if everything that runs completes; `open`: it depends on how other nodes end. */
export interface NodePreview {
  readonly will: 'run' | 'skip' | 'fail' | 'open';
  /** Why it is skipped or fails. */
  readonly reason: NodeReason | null;
  readonly message: string | null;
  /** How many items its `forEach` gives; null: it has none, or that is not known yet. */
  readonly items: number | null;
}

/** The inputs of the run that a node reads: to decide whether and over what it runs, and in what each of its items does. */
export interface InputReads {
  readonly choice: readonly string[];
  readonly work: readonly string[];
}

/** The rules of DAG definitions, which are another package's: `dagRules` of dag-orchestrator. Pure. */
export interface DagRules {
  /** Checks and compiles a definition; `digest` is of what it means. Throws `invalid_input`. */
  readonly compile: (document: JsonValue) => { readonly graph: DagGraph; readonly digest: string };
  /** The inputs of a run with the defaults of what was not given. Throws `invalid_input`. */
  readonly completeInputs: (graph: DagGraph, given: JsonObject) => JsonObject;
  /** By node: what the inputs alone say of it; `inputs` null: there are none that fit. */
  readonly preview: (graph: DagGraph, inputs: JsonObject | null) => readonly NodePreview[];
  readonly inputReads: (graph: DagGraph, node: number) => InputReads;
  /** The inputs of the run that the DAG's own outputs read. */
  readonly outputInputs: (graph: DagGraph) => readonly string[];
  readonly schedules: ScheduleRules;
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
