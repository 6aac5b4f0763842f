import type { Expr } from '@bufbuild/cel-spec/cel/expr/syntax_pb.js';

const present = (expressions: readonly (Expr | undefined)[]): Expr[] =>
  expressions.filter((expression) => expression !== undefined);

/** What an expression consists of, one level down. */
export const childrenOf = ({ exprKind }: Expr): readonly Expr[] => {
  switch (exprKind.case) {
    case 'selectExpr':
      return present([exprKind.value.operand]);
    case 'callExpr':
      return present([exprKind.value.target, ...exprKind.value.args]);
    case 'listExpr':
      return exprKind.value.elements;
    case 'structExpr':
      return exprKind.value.entries.flatMap(({ keyKind, value }) =>
        present([keyKind.case === 'mapKey' ? keyKind.value : undefined, value]),
      );
    case 'comprehensionExpr': {
      const { iterRange, accuInit, loopCondition, loopStep, result } = exprKind.value;
      return present([iterRange, accuInit, loopCondition, loopStep, result]);
    }
    case 'identExpr':
    case 'constExpr':
    case undefined:
      return [];
  }
};

/** The value of a string literal; null for anything else. */
export const stringLiteral = ({ exprKind }: Expr): string | null =>
  exprKind.case === 'constExpr' && exprKind.value.constantKind.case === 'stringValue'
    ? exprKind.value.constantKind.value
    : null;

const literalKinds: Readonly<Record<string, string>> = {
  boolValue: 'true or false',
  int64Value: 'a number',
  uint64Value: 'a number',
  doubleValue: 'a number',
  stringValue: 'a text',
  bytesValue: 'bytes',
  nullValue: 'null',
};

/** What an expression gives whatever it reads, in words; null for one that has to be evaluated. */
export const plainKind = ({ exprKind }: Expr): string | null => {
  if (exprKind.case === 'listExpr') return 'a list';
  if (exprKind.case === 'structExpr') return 'a map';
  return exprKind.case === 'constExpr'
    ? (literalKinds[exprKind.value.constantKind.case ?? ''] ?? null)
    : null;
};

/** `x.name` or `x["name"]` as its operand and name; null for anything else. */
export const fieldAccess = ({ exprKind }: Expr): { readonly operand: Expr; readonly name: string } | null => {
  if (exprKind.case === 'selectExpr') {
    const { operand, field } = exprKind.value;
    return operand === undefined ? null : { operand, name: field };
  }
  if (exprKind.case !== 'callExpr' || exprKind.value.function !== '_[_]') return null;
  const [operand, index] = exprKind.value.args;
  const name = index === undefined ? null : stringLiteral(index);
  return operand === undefined || name === null ? null : { operand, name };
};

/** A name that stands for itself; null for anything else. */
export const identifier = ({ exprKind }: Expr): string | null =>
  exprKind.case === 'identExpr' ? exprKind.value.name : null;
