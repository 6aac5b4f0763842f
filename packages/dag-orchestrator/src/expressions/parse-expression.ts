import { parse } from '@bufbuild/cel';
import type { Expr } from '@bufbuild/cel-spec/cel/expr/syntax_pb.js';
import { limits } from '@job-orchestrator/types';
import { refuse } from './fault.ts';
import { childrenOf } from './syntax-tree.ts';

/** A parsed expression. `offsetOf` says where a part of it stands in the source. */
export interface ParsedExpression {
  readonly source: string;
  readonly root: Expr;
  readonly offsetOf: (expression: Expr) => number;
}

const { expressionBytes, expressionDepth } = limits.dag;

const checkLength = (source: string): void => {
  const bytes = Buffer.byteLength(source, 'utf8');
  if (bytes > expressionBytes)
    refuse(`is an expression of ${bytes} bytes; at most ${expressionBytes} are allowed`, 0, {
      limit: expressionBytes,
      value: `${bytes} bytes`,
    });
};

const tooDeep = (offset: number): never =>
  refuse(`is nested more than ${expressionDepth} levels deep`, offset, { limit: expressionDepth });

/** Before the parser sees it: 500 open brackets overflow its stack, and how many it takes depends on the caller's. */
const checkBrackets = (source: string): void => {
  let depth = 0;
  let quote: string | null = null;
  for (let index = 0; index < source.length; index += 1) {
    const character = source[index]!;
    if (quote !== null && character === '\\') index += 1;
    else if (quote !== null) quote = character === quote ? null : quote;
    else if (character === '"' || character === "'") quote = character;
    else if ('([{?'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) depth -= 1;
    if (depth > expressionDepth) tooDeep(index);
  }
};

/** Chains such as `a + a + …` nest without brackets; planning and evaluating them is recursive. */
const deepestChain = 256;

const checkTree = (root: Expr, offsetOf: (expression: Expr) => number): void => {
  const pending: { expression: Expr; depth: number }[] = [{ expression: root, depth: 1 }];
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    const { expression, depth } = entry;
    if (depth > deepestChain)
      refuse(`chains more than ${deepestChain} operations`, offsetOf(expression), { limit: deepestChain });
    for (const child of childrenOf(expression)) pending.push({ expression: child, depth: depth + 1 });
  }
};

const foundPattern = /found (.+?) but expecting/su;

const syntaxFault = (source: string, error: unknown): never => {
  if (error instanceof RangeError) return tooDeep(0);
  const { message, location } = error as Error & { location?: { start: { offset: number } } };
  const found = foundPattern.exec(message)?.[1];
  const told =
    found === undefined || found === 'end of input' ? 'it ends too early' : `${found} is not expected here`;
  return refuse(`is not a valid CEL expression: ${told}`, location?.start.offset ?? 0, {
    value: source.slice(0, 64),
  });
};

const parsed = (source: string): ReturnType<typeof parse> => {
  try {
    return parse(source);
  } catch (error) {
    return syntaxFault(source, error);
  }
};

/** Parses the source of one CEL expression. Throws ExpressionError with the place of what is wrong, or over a limit. */
export const parseExpression = (source: string): ParsedExpression => {
  checkLength(source);
  checkBrackets(source);
  const { expr, sourceInfo } = parsed(source);
  if (expr === undefined) return refuse('is an empty expression', 0);
  const offsetOf = ({ id }: Expr): number => sourceInfo?.positions[id.toString()] ?? 0;
  checkTree(expr, offsetOf);
  return { source, root: expr, offsetOf };
};
