import type { JsonObject, JsonValue } from '../json/json-value.ts';
import type {
  ApprovalAnswer,
  ItemCounts,
  NodeProgress,
  NodeReason,
  ParentCounts,
  RunProgress,
  RunStop,
} from '../vocabulary/dag-run.ts';
import type { DagGraph, DagRunState, NodeRunState } from '../vocabulary/dag.ts';
import type { DagRunId, JobId } from '../vocabulary/ids.ts';
import type { NewJob } from '../vocabulary/job.ts';
import type { ProfileRules } from '../vocabulary/profile.ts';
import type { JobState } from '../vocabulary/states.ts';
import type { Image } from '../vocabulary/registry.ts';
import type { ChildRunDraft, NodeWork, PlanAnswer, PlanView } from './dag-planning.ts';
import type { IdempotencyKey, Page, PageRequest, WriteContext } from './repositories.ts';

/** What jobs of a DAG carry besides their own labels; nobody else may set them. */
export const dagLabels = {
  run: 'job-orchestrator.io/dag-run',
  dag: 'job-orchestrator.io/dag',
  node: 'job-orchestrator.io/node',
} as const;

/** A definition to be applied. `digest` (sha-256, hex) is of the compiled graph: the same content is the same version. */
export interface NewDag {
  readonly project: string;
  readonly name: string;
  readonly digest: string;
  readonly document: JsonValue;
  readonly graph: DagGraph;
}

/** One immutable version of a definition. */
export interface DagVersion extends NewDag {
  readonly version: number;
  readonly createdAt: Date;
  readonly createdBy: string;
  /** Of the DAG; null while it is there. */
  readonly deletedAt: Date | null;
}

/** A version in the list of a DAG's. `runs`: how many there are of it, those of it as a sub-DAG counted. */
export interface DagVersionSummary {
  readonly version: number;
  readonly digest: string;
  readonly nodes: number;
  readonly runs: number;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly reason: string;
}

/** What became of a DAG that was to be deleted; `in_use`: by these schedules, and by the newest versions of these DAGs. */
export type RemoveDagAnswer =
  | { readonly kind: 'removed' | 'absent' }
  | { readonly kind: 'in_use'; readonly schedules: readonly string[]; readonly dags: readonly string[] };

/** A DAG in lists, at its newest version. */
export interface DagSummary {
  readonly project: string;
  readonly name: string;
  readonly version: number;
  readonly nodes: number;
  readonly createdAt: Date;
  readonly createdBy: string;
}

/** What of an earlier run a new one keeps: the ends of these nodes, with their jobs and outputs. */
export interface KeptNodes {
  readonly run: DagRunId;
  readonly nodes: readonly number[];
  /** By node: why each of the others runs again, as a sentence without its subject. */
  readonly again: ReadonlyMap<number, string>;
  readonly repair: Repair;
}

/**
 * What a run takes over of an earlier one inside of nodes that run again. `items`: nodes with `forEach` of which it keeps
 * the items that completed. `children`: by node, the run of its sub-DAG that its new one is a retry of.
 */
export interface Repair {
  readonly run: DagRunId;
  readonly items: readonly number[];
  readonly children: Readonly<Record<string, DagRunId>>;
}

/** Versions of the sub-DAGs that name none, by name: the newest ones when people started the run above them. */
export type DagPins = Readonly<Record<string, number>>;

/** For which time of which schedule a run runs, and in which backfill (null: in none). */
export interface ScheduledFor {
  readonly scheduleId: number;
  readonly at: Date;
  readonly backfillId: string | null;
}

/** A run ready to be stored. The images are those of its start: a run goes on with what it began with. */
export interface NewDagRun {
  readonly id: DagRunId;
  readonly project: string;
  readonly dag: string;
  readonly version: number;
  readonly graph: DagGraph;
  readonly inputs: JsonObject;
  /** Of all its jobs, those of its sub-DAGs counted. */
  readonly images: Readonly<Record<string, Image>>;
  readonly pins: DagPins;
  /** The rules of the profiles that its jobs come under, as they were at its start. */
  readonly profiles?: readonly ProfileRules[];
  readonly progress: RunProgress;
  /** By node: how its kept parents ended; null for a run that keeps nothing. */
  readonly parents: readonly ParentCounts[] | null;
  readonly kept: KeptNodes | null;
  /** True: it looks for no results in the cache. */
  readonly noCache?: boolean;
  /** The time of a schedule that it runs for; a run that people start has none. */
  readonly scheduled?: ScheduledFor;
}

/** What a step needs of a run that never changes. */
export interface DagRunSetup {
  readonly id: DagRunId;
  readonly project: string;
  readonly dag: string;
  readonly version: number;
  readonly inputs: JsonObject;
  readonly images: Readonly<Record<string, Image>>;
  readonly pins: DagPins;
  /** How many runs it is nested in; 0 for one that people started. */
  readonly depth: number;
  readonly profiles?: readonly ProfileRules[];
  readonly noCache: boolean;
  /** null: it runs from its beginning, or takes over nothing but whole nodes. */
  readonly repair: Repair | null;
  /** The time of a schedule that it runs for. */
  readonly scheduledAt: Date | null;
  readonly createdAt: Date;
  readonly createdBy: string;
}

/** The node run that a run of a sub-DAG belongs to. `item` null: its node has no `forEach`. */
export interface ParentNode {
  readonly run: DagRunId;
  readonly name: string;
  readonly item: number | null;
}

/** What the planner keeps of a run and of all its nodes, by index. */
export interface StoredRun {
  readonly run: RunProgress;
  readonly nodes: ReadonlyMap<number, NodeProgress>;
}

/** A run as people read it. */
export interface DagRunRecord {
  readonly id: DagRunId;
  readonly project: string;
  readonly dag: string;
  readonly version: number;
  readonly state: DagRunState;
  readonly inputs: JsonObject;
  readonly outputs: JsonObject | null;
  readonly stopping: RunStop | null;
  readonly message: string | null;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly reason: string;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly deadlineAt: Date;
  readonly pausedAt: Date | null;
  readonly cancelRequestedAt: Date | null;
  readonly retryOf: DagRunId | null;
  /** null for a run that people started. */
  readonly parent: ParentNode | null;
  /** The schedule that started it and the time it runs for; `schedule` null also where that was deleted. */
  readonly schedule: string | null;
  readonly scheduledAt: Date | null;
  readonly backfillId: string | null;
  /** A topic that has no room for more of its jobs; null: none holds it back. */
  readonly heldTopic: string | null;
  /** Nodes that have not ended, of all its nodes. */
  readonly open: number;
}

/** What became of a question; `waiting` while the node waits for an answer. */
export const approvalStates = ['waiting', 'approved', 'rejected', 'timed_out', 'cancelled'] as const;
export type ApprovalState = (typeof approvalStates)[number];

/** What a node asked a person, and what came of it. */
export interface ApprovalRecord {
  readonly message: string;
  readonly state: ApprovalState;
  readonly askedAt: Date;
  readonly expiresAt: Date;
  readonly answeredAt: Date | null;
  readonly answeredBy: string | null;
  readonly note: string | null;
}

/** An approval in lists. */
export interface ApprovalSummary extends ApprovalRecord {
  readonly run: DagRunId;
  readonly node: string;
  readonly project: string;
  readonly dag: string;
  readonly version: number;
}

export interface ApprovalFilter {
  readonly project: string | null;
  readonly dag: string | null;
}

/**
 * What an answer met. `first`: it counts; else `approval` is as it was found: answered, over, or null where the node
 * has not asked. `state` is that of the node; null: there is no such node.
 */
export interface AnswerResult {
  readonly first: boolean;
  readonly approval: ApprovalRecord | null;
  readonly state: NodeRunState | null;
}

/** A node run as people read it. `item` null: the node itself. */
export interface NodeRunRecord {
  readonly node: number;
  readonly item: number | null;
  readonly name: string;
  readonly state: NodeRunState;
  readonly reason: NodeReason | null;
  readonly message: string | null;
  readonly jobId: JobId | null;
  /** Where its job stands, and the number of its newest attempt; null without a job, or once its history was dropped. */
  readonly jobState: JobState | null;
  readonly attempt: number | null;
  /** When the program of that attempt began and ended: without its time in the queue, and without earlier attempts. */
  readonly attemptStartedAt: Date | null;
  readonly attemptFinishedAt: Date | null;
  /** The run of its sub-DAG. */
  readonly childRun: DagRunId | null;
  readonly approval: ApprovalRecord | null;
  readonly keptFrom: DagRunId | null;
  /** Why it runs again in a run that keeps the ends of other nodes of an earlier one; null: it is no such run, or item. */
  readonly again: string | null;
  readonly items: ItemCounts | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

export interface DagRunFilter {
  readonly project: string | null;
  readonly dag: string | null;
  readonly states: readonly DagRunState[] | null;
  /** Only the sub-DAGs of this run, or (`top`) only runs that people started. */
  readonly parent: DagRunId | 'top' | 'any';
}

/** A run of a sub-DAG ready to be stored, together with the start of its node. */
export interface NewChildRun extends ChildRunDraft {
  readonly id: DagRunId;
}

/** What a node run begins with: what it does, ready to be stored. */
export type NewNodeWork = NodeWork<NewJob, NewChildRun>;

/** The next step of a run, as `planAdvance` plans it. Pure. */
export type PlanStep = (view: PlanView, round: number) => PlanAnswer<NewNodeWork>;

/** What a step came to. `busy`: another orchestrator holds the run. `idle`: it had nothing to do. */
export type AdvanceAnswer = 'advanced' | 'busy' | 'idle';

/** A job of a node run that is to be cancelled, and what stops it. */
export interface JobToCancel {
  readonly job: JobId;
  readonly reason: string;
}

/** The topics of a run's jobs. */
export interface RunTopics {
  readonly project: string;
  readonly topics: readonly string[];
}

export type CancelRunAnswer =
  | { readonly kind: 'accepted'; readonly state: DagRunState }
  | { readonly kind: 'too_late'; readonly state: DagRunState };

/** DAGs, their runs, and the steps of runs. Each method is one whole transaction. Lock order: run → jobs → counters. */
export interface DagRepository {
  /**
   * Stores a new version unless the newest has the same digest; `created` says which. Throws `invalid_input` where a DAG
   * that it runs was deleted meanwhile.
   */
  apply(dag: NewDag, context: WriteContext): Promise<{ readonly version: number; readonly created: boolean }>;
  /** `version` null: the newest, of a DAG that was not deleted. */
  getVersion(project: string, name: string, version: number | null): Promise<DagVersion | null>;
  /** Newest first, those of a deleted DAG too. */
  listVersions(project: string, name: string, page: PageRequest): Promise<Page<DagVersionSummary>>;
  /** Takes a DAG out of use; its versions and runs stay. */
  remove(project: string, name: string, context: WriteContext): Promise<RemoveDagAnswer>;
  list(project: string | null, page: PageRequest): Promise<Page<DagSummary>>;
  /** Stores a run with all its node runs, and marks it as due. Throws `idempotency_key_reused`. */
  startRun(
    run: NewDagRun,
    context: WriteContext,
    key?: IdempotencyKey,
  ): Promise<{ readonly id: DagRunId; readonly replayed: boolean }>;
  /** The run that an earlier request with this key started. Throws `idempotency_key_reused`. */
  findRunReplay(project: string, key: IdempotencyKey): Promise<DagRunId | null>;
  getRun(id: DagRunId): Promise<DagRunRecord | null>;
  /** Ids that begin or end so, newest first. */
  findRunIds(part: string, limit: number): Promise<readonly DagRunId[]>;
  latestRunId(): Promise<DagRunId | null>;
  listRuns(filter: DagRunFilter, page: PageRequest): Promise<Page<DagRunRecord>>;
  /** In order of node, then item. */
  listNodeRuns(id: DagRunId, page: PageRequest): Promise<Page<NodeRunRecord>>;
  /** Node runs that are out, or that ended at `since` or later; items that have not started are left out. In the same order. */
  listNodeNews(id: DagRunId, since: Date, page: PageRequest): Promise<Page<NodeRunRecord>>;
  /** When the last of a run's node runs to end did; null: none has ended. Steps of a run follow one another, so whatever ends after this was read ends later. */
  lastNodeEnd(id: DagRunId): Promise<Date | null>;
  /** Asks for a run's end; a second time also for that of its `finally` nodes. Throws `dag_run_not_found`. */
  requestCancelRun(id: DagRunId, context: WriteContext): Promise<CancelRunAnswer>;
  /** Throws `dag_run_not_found`; answers `too_late` for one that has ended. */
  setRunPaused(id: DagRunId, paused: boolean): Promise<CancelRunAnswer>;
  /** Answers an approval that waits and is not over, and marks its run. */
  answerApproval(
    id: DagRunId,
    node: string,
    answer: ApprovalAnswer,
    context: WriteContext,
  ): Promise<AnswerResult>;
  /** Those that wait for an answer, of the newest runs first. */
  listApprovals(filter: ApprovalFilter, page: PageRequest): Promise<Page<ApprovalSummary>>;
  getSetup(id: DagRunId): Promise<DagRunSetup | null>;
  /** Runs with marks, oldest first. */
  dueRuns(limit: number): Promise<readonly DagRunId[]>;
  /** Deletes the marks of a run that is not there: nobody else ever takes them. */
  forgetRun(id: DagRunId): Promise<void>;
  /**
   * One step of a run under its lock: takes its marks, reads, plans, writes. `topics`: where its jobs go; the plan is
   * told those that are full.
   */
  advanceRun(id: DagRunId, plan: PlanStep, topics?: RunTopics): Promise<AdvanceAnswer>;
  /** Marks open runs whose deadline, or that of an approval, has passed, and those that a full topic holds back; how many. */
  markOverdue(limit: number): Promise<number>;
  /**
   * Milliseconds until the next deadline of an open run or an approval by the database's clock; below 0 for one that has
   * just passed, and may not be marked yet. null: there is none.
   */
  nextDeadlineMs(): Promise<number | null>;
  /** What is stored of an open run, at one instant between two steps; null where there is none, or a step is under way. */
  inspectRun(id: DagRunId): Promise<StoredRun | null>;
  /** Marks the ends of jobs that a running node run waits for and of which no mark is left; how many. */
  markForgotten(limit: number): Promise<number>;
  /** Jobs of node runs that are to be cancelled and have not been asked to end. */
  jobsToCancel(limit: number): Promise<readonly JobToCancel[]>;
  /** Asks for the end of the sub-DAGs of node runs that are to be cancelled, and marks them; how many. */
  cancelChildRuns(limit: number): Promise<number>;
}
