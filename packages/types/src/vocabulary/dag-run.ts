import type { JsonObject, JsonValue } from '../json/json-value.ts';
import type { DagRunState, NodeRunState, TerminalDagRunState } from './dag.ts';

/**
 * Why a node run is in its terminal state: first those of `skipped`, then those of `failed`, of `cancelled`, of `completed`.
 * `fail_fast` and `run_deadline` skip what had not started, and cancel an approval. `docs/dag-semantics.md` says when
 * each comes.
 */
export const nodeReasons = [
  'upstream_failed',
  'upstream_skipped',
  'rule_not_met',
  'condition',
  'empty',
  'fail_fast',
  'run_deadline',
  'job_failed',
  'items_failed',
  'expression',
  'output',
  'rejected',
  'approval_timeout',
  'sub_dag_failed',
  'input',
  'limit',
  'job_cancelled',
  'sub_dag_cancelled',
  'run_cancelled',
  'cached',
] as const;
export type NodeReason = (typeof nodeReasons)[number];

/** Why a run starts no more nodes: somebody cancelled it, a node failed under `failFast`, or its deadline passed. */
export type RunStop = 'cancelled' | 'fail_fast' | 'deadline';

/** How the parents of a node ended so far; `skipped` with reason `upstream_failed`, and `cancelled`, count as failed. */
export interface ParentCounts {
  readonly completed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The items of a `forEach` node. Those that are neither started nor ended wait. `started` counts ended ones too. */
export interface ItemCounts {
  readonly total: number;
  readonly started: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
}

/** What the planner keeps of a node. `stopping`: the first failed item cancels the others. */
export interface NodeProgress {
  readonly state: NodeRunState;
  readonly reason: NodeReason | null;
  readonly message: string | null;
  readonly parents: ParentCounts;
  readonly items: ItemCounts | null;
  readonly stopping: boolean;
}

/** What the planner keeps of a group: node runs that are out, and how many members, in order, have all ended. */
export interface GroupProgress {
  readonly running: number;
  readonly cursor: number;
}

/** What the planner keeps of a run. */
export interface RunProgress {
  readonly state: DagRunState;
  /** `final`: every ordinary node has ended; the `final` nodes run. */
  readonly phase: 'main' | 'final';
  readonly stopping: RunStop | null;
  /** Why it stops, in words; null: it does not. */
  readonly stopText: string | null;
  /** Why the run failed where that is not told by its nodes. */
  readonly message: string | null;
  /** How the ordinary nodes ended as a whole; null before. */
  readonly mainState: TerminalDagRunState | null;
  /** Node runs that are out. */
  readonly running: number;
  readonly groups: readonly GroupProgress[];
  /** Ordinary and final nodes that have not ended. */
  readonly open: number;
  readonly openFinal: number;
  /** Ordinary nodes that count as failed. */
  readonly failures: number;
  /** Stored nodes that could start if the limits let them. */
  readonly startable: number;
  /** Node runs that it has, items counted. */
  readonly nodeRuns: number;
  readonly outputs: JsonObject | null;
}

/** What people asked of a run, and what its clock says. */
export interface RunWishes {
  readonly paused: boolean;
  readonly cancel: boolean;
  /** Why, in the words of who asked. */
  readonly cancelReason: string | null;
  /** Cancelled a second time: the `final` nodes end too. */
  readonly cancelFinal: boolean;
  /** Its deadline has passed by the database's clock. */
  readonly overdue: boolean;
}

/** The job, or the run of the sub-DAG, of a node run has ended. `item` null: the node has no `forEach`. */
export interface NodeJobEnd {
  readonly node: number;
  readonly item: number | null;
  readonly state: 'completed' | 'failed' | 'cancelled';
  readonly message: string | null;
  readonly output: JsonValue;
  /** Of a result that is that of another node run: `cached`, or what that node run has. */
  readonly reason?: NodeReason | null;
}

export const approvalAnswers = ['approved', 'rejected'] as const;
export type ApprovalAnswer = (typeof approvalAnswers)[number];

/** An approval that its node waits for, as the database shows it. Times in milliseconds since 1970. */
export interface ApprovalFacts {
  readonly node: number;
  readonly decision: {
    readonly answer: ApprovalAnswer;
    readonly by: string;
    readonly note: string | null;
  } | null;
  readonly expiresAt: number;
}

/** As what a terminal node counts for the rules of the nodes that need it. */
export const countsAs = ({ state, reason }: Pick<NodeProgress, 'state' | 'reason'>): keyof ParentCounts => {
  if (state === 'completed') return 'completed';
  return state === 'skipped' && reason !== 'upstream_failed' ? 'skipped' : 'failed';
};
