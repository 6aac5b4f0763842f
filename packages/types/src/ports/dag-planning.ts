import type { JsonObject, JsonValue } from '../json/json-value.ts';
import type {
  ApprovalFacts,
  ItemCounts,
  NodeJobEnd,
  NodeProgress,
  NodeReason,
  ParentCounts,
  RunProgress,
  RunWishes,
} from '../vocabulary/dag-run.ts';
import type { DagGraph, DagRunState, NodeRunState, TerminalNodeRunState } from '../vocabulary/dag.ts';
import type { DagRunId, JobId } from '../vocabulary/ids.ts';
import type { KeptNodes } from './dags.ts';

/** The outputs of a node; of one with `forEach` the list of its items', in order, null where there is none. */
export type NodeOutputs = JsonObject | readonly (JsonObject | null)[];

/** A node run whose work may have been done before: what it would do, and how old a result may be (null: any age). */
export interface ReuseRequest {
  readonly node: number;
  readonly item: number | null;
  readonly cacheKey: string;
  readonly maxAgeSeconds: number | null;
}

/** Whose result a node run takes in place of running: that of a job, or of a run of a sub-DAG, that completed. */
export interface Reusable {
  readonly run: DagRunId;
  readonly job: JobId | null;
  readonly child: DagRunId | null;
  readonly reason: NodeReason | null;
}

/** How an item ended in the run that this one repairs; `run`: where its result was made. */
export interface PriorItem extends Reusable {
  readonly state: TerminalNodeRunState;
}

/** What a rule about running again asks of a node of an ended run. */
export interface EndedNode {
  readonly state: NodeRunState;
  readonly reason: NodeReason | null;
  readonly items: ItemCounts | null;
  readonly childRun: DagRunId | null;
}

/** A run of a sub-DAG that a new one may be a retry of. `nodes` by index; fewer than the graph has: they are forgotten. */
export interface PriorRun {
  readonly id: DagRunId;
  readonly dag: string;
  readonly version: number;
  readonly state: DagRunState;
  readonly graph: DagGraph;
  readonly inputs: JsonObject;
  readonly nodes: readonly EndedNode[];
}

/** A node run within its run, as one text. */
export const nodeRunKey = ({ node, item }: NodeRunPlace): string => `${node} ${item ?? -1}`;

/** What is known of a run at one step; what is missing is asked for. */
export interface PlanView {
  readonly run: RunProgress;
  readonly wishes: RunWishes;
  readonly ends: readonly NodeJobEnd[];
  /** Approvals that were answered or whose time may be over; nothing else needs `now`. */
  readonly approvals: readonly ApprovalFacts[];
  /** The database's clock, in milliseconds since 1970. */
  readonly now: number;
  /** Node runs of the other runs under the same top run: sub-DAGs and what they are part of; null: not asked for yet. */
  readonly otherNodeRuns: number | null;
  readonly nodes: ReadonlyMap<number, NodeProgress>;
  /** By node; only of those that were asked for. */
  readonly outputs: ReadonlyMap<number, NodeOutputs>;
  /** Of nodes whose outputs are more than may be read: how many bytes. */
  readonly largeOutputs?: ReadonlyMap<number, number>;
  /** By node, then by item: the values of items that have not started. */
  readonly items: ReadonlyMap<number, ReadonlyMap<number, JsonValue>>;
  /** Stored nodes that could start, as asked for; null: not asked for yet. */
  readonly startable: readonly number[] | null;
  /** Topics without room for a job: nodes whose jobs go there wait. */
  readonly fullTopics?: ReadonlySet<string>;
  /** By `nodeRunKey`: results of others; null: there is none. Only of those that were asked for. */
  readonly reusable?: ReadonlyMap<string, Reusable | null>;
  /** By node: the items of the run that this one repairs, in order, with their values. Only of those that were asked for. */
  readonly priorLists?: ReadonlyMap<number, readonly PriorEntry[]>;
  /** By `nodeRunKey`: what was noted when the items became known; null: nothing. Only of those that were asked for. */
  readonly priors?: ReadonlyMap<string, PriorItem | null>;
  /** Runs of sub-DAGs, as asked for; null: it is gone. */
  readonly priorRuns?: ReadonlyMap<DagRunId, PriorRun | null>;
}

/** An item of an earlier run with its value. */
export interface PriorEntry {
  readonly value: JsonValue;
  readonly prior: PriorItem;
}

/** A node run by its place. */
export interface NodeRunPlace {
  readonly node: number;
  readonly item: number | null;
}

/** Items of one node, from `from` on, at most `count`. */
export interface ItemRange {
  readonly node: number;
  readonly from: number;
  readonly count: number;
}

/** What a plan needs to know besides. `all`: every node. */
export interface PlanRequest {
  readonly nodes: ReadonlySet<number>;
  readonly all: boolean;
  readonly outputs: ReadonlySet<number>;
  readonly items: readonly ItemRange[];
  readonly otherNodeRuns: boolean;
  /** The first startable nodes of each group (null: of no group), in order of index. */
  readonly startable: readonly { readonly group: number | null; readonly limit: number }[];
  /** Those that are not asked for among them: their topic is full, and they would hide others. */
  readonly held: readonly number[];
  readonly reusable?: readonly ReuseRequest[];
  /** Nodes of the earlier run `from`. */
  readonly priorLists?: { readonly from: DagRunId; readonly nodes: readonly number[] };
  readonly priors?: readonly NodeRunPlace[];
  readonly priorRuns?: readonly DagRunId[];
}

/** An item, or an item-less node's job, that ended or will never start. */
export interface ItemEnd {
  readonly node: number;
  readonly item: number;
  readonly state: TerminalNodeRunState;
  readonly reason: NodeReason | null;
  readonly message: string | null;
}

/** A run of a sub-DAG, but for its id. What it has not of its own it takes over from the run of its node. */
export interface ChildRunDraft {
  readonly dag: string;
  readonly version: number;
  readonly inputs: JsonObject;
  readonly progress: RunProgress;
  readonly deadlineSeconds: number;
  /** What it keeps of an earlier run of the same version; absent: it runs from its beginning. */
  readonly retry?: RunRetry;
}

/** A run that begins with what an earlier one has: `parents` by node, how its kept parents ended. */
export interface RunRetry {
  readonly graph: DagGraph;
  readonly parents: readonly ParentCounts[];
  readonly kept: KeptNodes;
}

/**
 * What a node run does: a job, a question to a person, or a run of another DAG; or nothing, where it takes the result of
 * another (`reuse`). `cacheKey`: of what the job does, where its result may be used again.
 */
export type NodeWork<Job, Run> =
  | { readonly kind: 'job'; readonly job: Job; readonly cacheKey?: string }
  | { readonly kind: 'reuse'; readonly from: Reusable }
  | { readonly kind: 'approval'; readonly message: string; readonly timeoutSeconds: number }
  | { readonly kind: 'dag'; readonly run: Run };

/** A node run that begins now. */
export interface NodeStart<Work> {
  readonly node: number;
  readonly item: number | null;
  readonly work: Work;
}

/** An approval that its node waits for no longer. */
export interface ApprovalEnd {
  readonly node: number;
  readonly state: 'answered' | 'timed_out' | 'cancelled';
}

/** A node as it is to be stored. `startable`: it could start if the limits let it; `gate`: its limited group. */
export interface PlannedNode extends NodeProgress {
  readonly startable: boolean;
  readonly gate: number | null;
}

/** A node whose items are known now. `priors`: by item, how it ended in the run that this one repairs. */
export interface ExpandedNode {
  readonly node: number;
  readonly values: readonly JsonValue[];
  readonly priors?: readonly (PriorItem | null)[];
}

/** One step of a run: what changes, all of it or nothing. */
export interface AdvancePlan<Work> {
  readonly run: RunProgress;
  readonly nodes: ReadonlyMap<number, PlannedNode>;
  /** Nodes whose items are known now, with their values in order. */
  readonly expanded: readonly ExpandedNode[];
  readonly itemEnds: readonly ItemEnd[];
  /** Items that will never start: those of `node` from `from` on. */
  readonly itemsCancelled: readonly {
    readonly node: number;
    readonly from: number;
    readonly reason: NodeReason;
    readonly message: string;
  }[];
  readonly starts: readonly NodeStart<Work>[];
  readonly approvalEnds: readonly ApprovalEnd[];
  /** Whose running jobs are to be cancelled: of these nodes, or of all ordinary or final ones. */
  readonly cancels: {
    readonly nodes: readonly number[];
    readonly ordinary: boolean;
    readonly final: boolean;
  };
  /** How many nodes are ordinary: the final ones follow them. */
  readonly ordinary: number;
  /** More could start now than one step starts. */
  readonly again: boolean;
}

export type PlanAnswer<Work> =
  | { readonly kind: 'needs'; readonly request: PlanRequest }
  | { readonly kind: 'plan'; readonly plan: AdvancePlan<Work> };
