import type { ExpressionScope, GraphNode, JsonObject, JsonValue, NodeReason } from '@job-orchestrator/types';

/** The value of an expression, or why it has none; `reason` is `expression` unless given. */
export type Evaluated<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly message: string; readonly reason?: NodeReason };

/** What the planner asks of expressions. Pure; nothing throws. */
export interface Expressions<Work> {
  /** The value of `when`. */
  condition(node: GraphNode, scope: ExpressionScope): Evaluated<boolean>;
  /** Which condition was false, and what it read. */
  whyFalse(node: GraphNode, scope: ExpressionScope): string;
  /** The items of `forEach`, within their limit. */
  items(node: GraphNode, scope: ExpressionScope): Evaluated<readonly JsonValue[]>;
  /** What the node runs, for one item where it has `forEach`. */
  work(node: GraphNode, scope: ExpressionScope): Evaluated<Work>;
  /** How many node runs one start of this node makes besides its own: those of the sub-DAG. */
  nodeRunsOf(node: GraphNode): number;
  /** What is wrong with the result of a node that declares outputs; null: nothing. */
  outputProblem(node: GraphNode, output: JsonValue): string | null;
  /** The outputs of the run. */
  outputs(scope: ExpressionScope): Evaluated<JsonObject>;
}
