import type { Expr } from '@bufbuild/cel-spec/cel/expr/syntax_pb.js';
import type { ParsedExpression } from './parse-expression.ts';
import { childrenOf, fieldAccess, identifier } from './syntax-tree.ts';

/**
 * One thing that an expression reads from its scope: the name at its root and the names selected from it, as far as
 * they are written out (`nodes.a.outputs.x` → `nodes`, `a`, `outputs`, `x`), each with its place in the source.
 */
export interface Reference {
  readonly root: string;
  readonly offset: number;
  readonly path: readonly { readonly name: string; readonly offset: number }[];
}

/** One function that an expression calls; macros are gone by then. */
export interface Call {
  readonly name: string;
  readonly offset: number;
}

export interface Uses {
  readonly references: readonly Reference[];
  readonly calls: readonly Call[];
}

interface Visit {
  readonly expression: Expr;
  /** Variables of the macros around. */
  readonly bound: readonly string[];
}

/** The names written after a root, outermost last. null where the chain does not begin at a name. */
export const referenceOf = (expression: Expr, offsetOf: ParsedExpression['offsetOf']): Reference | null => {
  const path: { name: string; offset: number }[] = [];
  let current = expression;
  for (let access = fieldAccess(current); access !== null; access = fieldAccess(current)) {
    // The place of `a.b` is that of its dot.
    path.unshift({ name: access.name, offset: offsetOf(current) + 1 });
    current = access.operand;
  }
  const root = identifier(current);
  return root === null ? null : { root, offset: offsetOf(current), path };
};

const boundBy = ({ exprKind }: Expr): readonly string[] =>
  exprKind.case === 'comprehensionExpr' ? [exprKind.value.accuVar, exprKind.value.iterVar] : [];

const callOf = (expression: Expr, offsetOf: ParsedExpression['offsetOf']): Call | null =>
  expression.exprKind.case === 'callExpr'
    ? { name: expression.exprKind.value.function, offset: offsetOf(expression) }
    : null;

/** A comprehension's range is read outside of its variables; the rest inside. */
const visitsOf = ({ expression, bound }: Visit): readonly Visit[] => {
  const inner = [...bound, ...boundBy(expression)];
  const range =
    expression.exprKind.case === 'comprehensionExpr' ? expression.exprKind.value.iterRange : undefined;
  return childrenOf(expression).map((child) => ({
    expression: child,
    bound: child === range ? bound : inner,
  }));
};

/** Everything that an expression reads from its scope and calls; what it reads in the order of the source. */
export const usesOf = ({ root, offsetOf }: ParsedExpression): Uses => {
  const references: Reference[] = [];
  const calls: Call[] = [];
  const pending: Visit[] = [{ expression: root, bound: [] }];
  for (let visit = pending.pop(); visit !== undefined; visit = pending.pop()) {
    const reference = referenceOf(visit.expression, offsetOf);
    if (reference !== null) {
      if (!visit.bound.includes(reference.root)) references.push(reference);
      continue;
    }
    const call = callOf(visit.expression, offsetOf);
    if (call !== null) calls.push(call);
    pending.push(...visitsOf(visit));
  }
  return { references: references.toSorted((a, b) => a.offset - b.offset), calls };
};
