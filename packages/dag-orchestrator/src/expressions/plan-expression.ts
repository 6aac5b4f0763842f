import { plan, type CelInput, type CelResult } from '@bufbuild/cel';
import type { Expr, Expr_Call } from '@bufbuild/cel-spec/cel/expr/syntax_pb.js';
import { appendFunction, environment, stepFunction } from './environment.ts';
import { parseExpression, type ParsedExpression } from './parse-expression.ts';
import { childrenOf, identifier } from './syntax-tree.ts';

export interface PlannedExpression {
  readonly parsed: ParsedExpression;
  readonly run: (bindings: Record<string, CelInput>) => CelResult;
}

const counted = (condition: Expr): Expr => ({
  $typeName: 'cel.expr.Expr',
  id: condition.id,
  exprKind: {
    case: 'callExpr',
    value: { $typeName: 'cel.expr.Expr.Call', function: stepFunction, args: [condition] },
  },
});

/** `@result + [x]`, as the macros `map` and `filter` write it; users cannot name `@result`. */
const isGathering = ({ function: name, args: [left, right] }: Expr_Call): boolean =>
  name === '_+_' &&
  left !== undefined &&
  identifier(left) === '@result' &&
  right?.exprKind.case === 'listExpr';

const prepareOne = ({ exprKind }: Expr): void => {
  if (exprKind.case === 'comprehensionExpr' && exprKind.value.loopCondition !== undefined)
    exprKind.value.loopCondition = counted(exprKind.value.loopCondition);
  if (exprKind.case === 'callExpr' && isGathering(exprKind.value)) exprKind.value.function = appendFunction;
};

/** Macros are loops; each round must be counted, for they nest: `a.map(x, a.map(y, …))`. Changes the tree in place. */
const prepare = (root: Expr): void => {
  const pending = [root];
  for (let expression = pending.pop(); expression !== undefined; expression = pending.pop()) {
    pending.push(...childrenOf(expression));
    prepareOne(expression);
  }
};

const planAnew = (source: string): PlannedExpression => {
  const parsed = parseExpression(source);
  prepare(parsed.root);
  return { parsed, run: plan(environment, parsed.root) };
};

/** Parsing takes about 150 µs, evaluating 5 µs; the items of a `forEach` share their expressions. */
const plans = new Map<string, PlannedExpression>();
const mostPlans = 2_048;

/** The plan of an expression, from memory where it was planned before. Throws ExpressionError. */
export const planExpression = (source: string): PlannedExpression => {
  const known = plans.get(source);
  if (known !== undefined) return known;
  const planned = planAnew(source);
  const oldest = plans.keys().next().value;
  if (plans.size >= mostPlans && oldest !== undefined) plans.delete(oldest);
  plans.set(source, planned);
  return planned;
};
