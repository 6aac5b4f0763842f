import { refuse } from './fault.ts';

/** One piece of a template. `offset` of an expression is where its source begins in the template. */
export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'expression'; readonly source: string; readonly offset: number };

const opening = '${{';
/** `$${{` stands for `${{` as text. */
const escaped = '$${{';

/** True when the text holds at least one expression or an escaped opening: only then must it be rendered. */
export const isTemplate = (text: string): boolean => text.includes(opening);

/** Where a string literal that begins at `at` ends (behind its quote); the end of the text where it never does. */
const endOfString = (text: string, at: number): number => {
  const quote = text[at]!;
  for (let index = at + 1; index < text.length; index += 1) {
    if (text[index] === '\\') index += 1;
    else if (text[index] === quote) return index + 1;
  }
  return text.length;
};

/** Where the `}}` stands that closes an expression begun before `from`; braces of maps and strings do not close it. */
const closingOf = (text: string, from: number): number => {
  let depth = 0;
  for (let index = from; index < text.length; index += 1) {
    const character = text[index]!;
    if (character === '"' || character === "'") index = endOfString(text, index) - 1;
    else if (character === '{') depth += 1;
    else if (character === '}' && depth > 0) depth -= 1;
    else if (character === '}' && text[index + 1] === '}') return index;
  }
  return -1;
};

const expressionAt = (text: string, start: number): { part: TemplatePart; end: number } => {
  const from = start + opening.length;
  const closing = closingOf(text, from);
  if (closing < 0) refuse('opens an expression with ${{ that no }} closes', start);
  const inner = text.slice(from, closing);
  const offset = from + (inner.length - inner.trimStart().length);
  if (inner.trim() === '') refuse('is an empty expression', start);
  return { part: { kind: 'expression', source: inner.trim(), offset }, end: closing + 2 };
};

/** Splits a template into text and expressions. Throws ExpressionError for an expression that does not end. */
export const parseTemplate = (text: string): readonly TemplatePart[] => {
  const parts: TemplatePart[] = [];
  let literal = '';
  let at = 0;
  const flush = (): void => {
    if (literal !== '') parts.push({ kind: 'text', text: literal });
    literal = '';
  };
  while (at < text.length) {
    const start = text.indexOf(opening, at);
    if (start < 0) break;
    if (start > at && text.startsWith(escaped, start - 1)) {
      literal += text.slice(at, start - 1) + opening;
      at = start + opening.length;
      continue;
    }
    literal += text.slice(at, start);
    flush();
    const { part, end } = expressionAt(text, start);
    parts.push(part);
    at = end;
  }
  literal += text.slice(at);
  flush();
  return parts;
};

/**
 * The expression of a field that holds one and nothing else (`when`, `forEach`): `${{ x }}`, or plain `x`.
 * Throws ExpressionError where text stands beside it.
 */
export const soleExpression = (text: string): { readonly source: string; readonly offset: number } => {
  if (!isTemplate(text)) {
    if (text.trim() === '') refuse('is an empty expression', 0);
    return { source: text.trim(), offset: text.length - text.trimStart().length };
  }
  const [first, second] = parseTemplate(text.trim());
  if (first?.kind !== 'expression' || second !== undefined)
    return refuse('must be one expression and nothing else', 0);
  return { source: first.source, offset: first.offset + text.length - text.trimStart().length };
};
