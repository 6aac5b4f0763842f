import type { JsonObject, JsonValue } from '../json/json-value.ts';
import type { JobSubmission } from '../schemas/submission.ts';
import type { ValueSchema } from '../schemas/value-schema.ts';
import type { ReadonlyDeep } from '../schemas/response-parts.ts';

/**
 * How the nodes that a node needs must have ended for it to run: Airflow's names and meanings (docs/dags.md).
 * A node that needs nothing runs at once, whatever its rule.
 */
export const triggerRules = [
  'all_success',
  'all_failed',
  'all_done',
  'all_done_min_one_success',
  'one_success',
  'one_failed',
  'one_done',
  'none_failed',
  'none_failed_min_one_success',
  'none_skipped',
  'all_skipped',
  'always',
] as const;
export type TriggerRule = (typeof triggerRules)[number];

/** The states of a node run, in the order of its life; the last four are terminal. */
export const nodeRunStates = [
  'waiting',
  'ready',
  'running',
  'completed',
  'failed',
  'skipped',
  'cancelled',
] as const;
export type NodeRunState = (typeof nodeRunStates)[number];
export type TerminalNodeRunState = Extract<NodeRunState, 'completed' | 'failed' | 'skipped' | 'cancelled'>;

/** The states of a DAG run, in the order of its life; the last three are terminal. */
export const dagRunStates = ['pending', 'running', 'completed', 'failed', 'cancelled'] as const;
export type DagRunState = (typeof dagRunStates)[number];
export type TerminalDagRunState = Extract<DagRunState, 'completed' | 'failed' | 'cancelled'>;

/**
 * A string that may hold `${{ … }}`, as it was written. One that is a single expression and nothing else gives the
 * expression's value with its type; any other gives text. `renderText` and `renderValue` of dag-orchestrator read them.
 */
export type Template = string;
/** JSON in which every string may be a `Template`; keys never are. */
export type TemplateJson = JsonValue;
/** The source of one CEL expression, without `${{ }}`. */
export type Expression = string;

/**
 * What a node's jobs are made from: a submission without project, name, time and inputs, the DAG's defaults merged in.
 * Fields that are absent come from the image and from our own defaults, as for every job. Strings of `args` and `env`
 * are templates; nothing else is.
 */
export type JobTemplate = ReadonlyDeep<
  Omit<JobSubmission, 'project' | 'name' | 'runAt' | 'inputs' | 'output'>
>;

/** One job (or one run of the sub-DAG) per item. */
export interface ForEach {
  /** A list of templates, or one template that gives a list. At most `limits.dag.forEachItems`; none: skipped as `empty`. */
  readonly items: Template | readonly TemplateJson[];
  /** null: no limit of its own. */
  readonly maxParallel: number | null;
  /** True: the first failed item cancels the others. */
  readonly failFast: boolean;
}

interface GraphNodeBase {
  readonly name: string;
  readonly description: string | null;
  /** True: runs once every ordinary node is terminal, however they ended; needs only nodes that are `final` too. */
  readonly final: boolean;
  /** Indices into `nodes`, ascending, without repetition, each below this node's own. */
  readonly needs: readonly number[];
  readonly triggerRule: TriggerRule;
  /** Evaluated once the trigger rule holds; false: skipped. It sees no `item`. */
  readonly when: Expression | null;
  readonly forEach: ForEach | null;
  /** Index into `groups`. */
  readonly group: number | null;
  /**
   * The nodes whose state or outputs the expressions of this node read: what a scope must hold. All are ancestors (or
   * ordinary nodes, where this one is final). The node starts only once all of them are terminal, even where its rule
   * would let it start earlier: otherwise what it reads would depend on the order of events. Ascending indices.
   */
  readonly reads: readonly number[];
  /** What the result must hold; every name is required. null: no output is declared, and none is collected. */
  readonly outputs: Readonly<Record<string, ValueSchema>> | null;
}

/** Earlier results are used again. `maxAgeSeconds` null: however old, while the run they come from is kept. */
export interface NodeCache {
  readonly maxAgeSeconds: number | null;
}

/** A node that runs a job, or one per item. */
export interface JobNode extends GraphNodeBase {
  readonly kind: 'job';
  /** Absent: it always runs. */
  readonly cache?: NodeCache;
  readonly job: JobTemplate;
  readonly inputs: Readonly<Record<string, TemplateJson>> | null;
}

/** What becomes of an approval that nobody answered in time: the node fails, or goes on as if approved. */
export const approvalTimeouts = ['fail', 'approve'] as const;
export type ApprovalTimeout = (typeof approvalTimeouts)[number];

/** What expressions read of an approval that was answered or timed out (docs/dags.md). */
export const approvalOutputs = ['decision', 'by', 'note', 'at'] as const;

/** A node that waits for a person: completed when approved, failed when rejected. */
export interface ApprovalNode extends GraphNodeBase {
  readonly kind: 'approval';
  readonly message: Template;
  readonly timeoutSeconds: number;
  readonly onTimeout: ApprovalTimeout;
}

/** A node that runs another DAG of the same project. */
export interface SubDagNode extends GraphNodeBase {
  readonly kind: 'dag';
  /** `version` null: the one that `DagPins` of the run says. */
  readonly dag: { readonly name: string; readonly version: number | null };
  readonly inputs: Readonly<Record<string, TemplateJson>> | null;
}

export type GraphNode = JobNode | ApprovalNode | SubDagNode;
export type NodeKind = GraphNode['kind'];

/** Where a node stands in its definition. */
export const nodePlace = ({ name, final }: Pick<GraphNodeBase, 'name' | 'final'>): string =>
  `${final ? 'finally' : 'nodes'}.${name}`;

/** Nodes that share a limit. */
export interface GraphGroup {
  readonly name: string;
  /** How many node runs of its members (items counted) are out at once; null: no limit. */
  readonly maxParallel: number | null;
  /** True for `sequential`: a member starts only when every member before it (by index) is terminal. */
  readonly inOrder: boolean;
  /** Indices into `nodes`, ascending. */
  readonly members: readonly number[];
}

/**
 * A DAG ready to be planned: checked, every default applied, names resolved to indices. Plain JSON.
 * `nodes` is in a stable topological order: each stands after all that it needs (and after the members of its
 * `sequential` group before it), ties in the order of the document, the `final` ones last.
 */
export interface DagGraph {
  /** Rises when a reader of older graphs has to know. */
  readonly format: 1;
  readonly name: string;
  readonly project: string;
  readonly description: string | null;
  /** What a run takes; one without `default` must be given. */
  readonly inputs: Readonly<Record<string, ValueSchema>>;
  /** What a run gives, evaluated once every ordinary node is terminal. */
  readonly outputs: Readonly<Record<string, TemplateJson>>;
  /** The nodes that `outputs` reads. Ascending indices. */
  readonly outputReads: readonly number[];
  /** How many node runs are out at once in a run; null: no limit. */
  readonly maxParallel: number | null;
  readonly deadlineSeconds: number;
  /** True: the first failed node cancels what still runs and skips what waits; then the `final` nodes run. */
  readonly failFast: boolean;
  readonly groups: readonly GraphGroup[];
  readonly nodes: readonly GraphNode[];
}

/** What expressions see of a node that has ended. */
export interface NodeFacts {
  readonly state: TerminalNodeRunState;
  /**
   * The result by names; `{}` where there is none. Of a node with `forEach`: the list of its items' results in the
   * order of the items, `null` for an item that gave none.
   */
  readonly outputs: JsonObject | readonly (JsonObject | null)[];
  /** Where they are too many bytes to be read: how many. Then `outputs` holds none of them. */
  readonly outputsBytes?: number;
}

/** What expressions see of the run as `run`. Times as RFC 3339 in UTC. */
export interface RunFacts {
  readonly id: string;
  readonly dag: string;
  readonly version: number;
  readonly createdAt: string;
  readonly createdBy: string;
  /** The time that a schedule started it for; null for a run that no schedule started. */
  readonly scheduledAt: string | null;
  /** How the ordinary nodes ended as a whole; null before. Only `final` nodes and the DAG's outputs may ask. */
  readonly state: TerminalDagRunState | null;
}

/** Everything that an expression may read. Plain data. */
export interface ExpressionScope {
  readonly inputs: JsonObject;
  /** By name; those that the node `reads`. */
  readonly nodes: Readonly<Record<string, NodeFacts>>;
  readonly run: RunFacts;
  /** The item of `forEach`; absent where there is none. */
  readonly item?: JsonValue;
}

/** The topic of a job that names none. */
export const defaultTopic = 'default';

/** Where the jobs of a node go; null: it has none. */
export const topicOf = (node: GraphNode): string | null =>
  node.kind === 'job' ? (node.job.topic ?? defaultTopic) : null;
