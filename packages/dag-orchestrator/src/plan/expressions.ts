import type { ExpressionScope, GraphNode, JobNode, JsonObject, JsonValue } from '@job-orchestrator/types';

/** The value of an expression, or why it has none. */
export type Evaluated<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly message: string };

/** What the planner asks of expressions. Pure; nothing throws. */
export interface Expressions<Job> {
  /** The value of `when`. */
  condition(node: GraphNode, scope: ExpressionScope): Evaluated<boolean>;
  /** The items of `forEach`, within their limit. */
  items(node: GraphNode, scope: ExpressionScope): Evaluated<readonly JsonValue[]>;
  /** What the node runs, for one item where it has `forEach`. */
  job(node: GraphNode, scope: ExpressionScope): Evaluated<Job>;
  /** What is wrong with the result of a job of a node that declares outputs; null: nothing. */
  outputProblem(node: JobNode, output: JsonValue): string | null;
  /** The outputs of the run. */
  outputs(scope: ExpressionScope): Evaluated<JsonObject>;
}
