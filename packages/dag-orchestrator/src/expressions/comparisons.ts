import type { Expr } from '@bufbuild/cel-spec/cel/expr/syntax_pb.js';
import type { ParsedExpression } from './parse-expression.ts';
import { referenceOf, type Reference } from './references.ts';
import { childrenOf, stringLiteral } from './syntax-tree.ts';

/** Something that an expression reads, compared with a text that is written out. */
export interface Comparison {
  readonly reference: Reference;
  readonly text: string;
  readonly offset: number;
}

/** The texts that a side of a comparison is written out as: one, or those of a list. */
const textsOf = (side: Expr): readonly Expr[] =>
  side.exprKind.case === 'listExpr' ? side.exprKind.value.elements : [side];

const comparing = new Set(['_==_', '_!=_', '@in']);

const comparisonsOf = (expression: Expr, offsetOf: ParsedExpression['offsetOf']): readonly Comparison[] => {
  if (expression.exprKind.case !== 'callExpr') return [];
  const { function: name, args } = expression.exprKind.value;
  const [left, right] = args;
  if (!comparing.has(name) || left === undefined || right === undefined) return [];
  const sides = name === '@in' ? [[left, right] as const] : [[left, right] as const, [right, left] as const];
  return sides.flatMap(([read, written]) => {
    const reference = referenceOf(read, offsetOf);
    if (reference === null) return [];
    return textsOf(written).flatMap((part) => {
      const text = stringLiteral(part);
      return text === null ? [] : [{ reference, text, offset: offsetOf(part) }];
    });
  });
};

/** Every comparison of something that is read with a text, by `==`, `!=` or `in`. */
export const comparisonsIn = ({ root, offsetOf }: ParsedExpression): readonly Comparison[] => {
  const found: Comparison[] = [];
  const pending = [root];
  for (let expression = pending.pop(); expression !== undefined; expression = pending.pop()) {
    found.push(...comparisonsOf(expression, offsetOf));
    pending.push(...childrenOf(expression));
  }
  return found;
};
