/** What is wrong with a template, at which character of it (0-based). */
export interface TemplateFault {
  readonly message: string;
  readonly offset: number;
}

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

interface ExpressionIn {
  readonly part: TemplatePart;
  readonly end: number;
}

const expressionAt = (text: string, start: number): ExpressionIn | TemplateFault => {
  const from = start + opening.length;
  const closing = closingOf(text, from);
  if (closing < 0) return { message: 'opens an expression with ${{ that no }} closes', offset: start };
  const inner = text.slice(from, closing);
  const offset = from + (inner.length - inner.trimStart().length);
  if (inner.trim() === '') return { message: 'is an empty expression', offset: start };
  return { part: { kind: 'expression', source: inner.trim(), offset }, end: closing + 2 };
};

export const isTemplateFault = (read: object): read is TemplateFault => 'message' in read;

/** Splits a template into text and expressions, or says which expression does not end. */
export const readTemplate = (text: string): readonly TemplatePart[] | TemplateFault => {
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
    const found = expressionAt(text, start);
    if (isTemplateFault(found)) return found;
    parts.push(found.part);
    at = found.end;
  }
  literal += text.slice(at);
  flush();
  return parts;
};

/** The source of an expression; `offset`: where it begins in its text. */
export interface SoleExpression {
  readonly source: string;
  readonly offset: number;
}

/** The expression of a field that holds one and nothing else (`when`, `forEach`): `${{ x }}`, or plain `x`. */
export const readExpression = (text: string): SoleExpression | TemplateFault => {
  const indent = text.length - text.trimStart().length;
  if (!isTemplate(text))
    return text.trim() === ''
      ? { message: 'is an empty expression', offset: 0 }
      : { source: text.trim(), offset: indent };
  const read = readTemplate(text.trim());
  if (isTemplateFault(read)) return { ...read, offset: read.offset + indent };
  const [first, second] = read;
  if (first?.kind !== 'expression' || second !== undefined)
    return { message: 'must be one expression and nothing else', offset: 0 };
  return { source: first.source, offset: first.offset + indent };
};
