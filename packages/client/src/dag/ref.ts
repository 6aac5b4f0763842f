/** Words that CEL keeps for itself: they are reached by brackets. */
const reserved = new Set(
  'as break const continue else false for function if import in let loop namespace null package return true var void while'.split(
    ' ',
  ),
);

/** `base.name`, or `base["name"]` where CEL cannot read the name behind a dot. */
export const selected = (base: string, name: string): string =>
  /^[A-Za-z_]\w*$/.test(name) && !reserved.has(name) ? `${base}.${name}` : `${base}[${JSON.stringify(name)}]`;

/**
 * A value that is known only when the DAG runs. It may stand wherever a field takes expressions, and inside of
 * `text`. It cannot be branched on: use `when`.
 */
export class Ref {
  /** The CEL expression, without `${{ }}`. */
  readonly expression: string;

  constructor(expression: string) {
    this.expression = expression;
  }

  /** A field of this value, or an entry of a list. */
  at(key: string | number): Ref {
    return new Ref(typeof key === 'number' ? `${this.expression}[${key}]` : selected(this.expression, key));
  }

  toString(): string {
    return `\${{ ${this.expression} }}`;
  }
}

/** `undefined` would become a word of the text. */
const mustBe = <Value>(value: Value, what: string, index: number): Value => {
  if (value !== undefined) return value;
  throw new TypeError(`value ${index} of ${what}\`…\` is undefined`);
};

/** A CEL expression over refs and constants: expr`${extract.outputs.rows} > 0`. Constants are written as JSON. */
export const expr = (
  texts: TemplateStringsArray,
  ...values: readonly (Ref | string | number | boolean | null)[]
): Ref =>
  new Ref(
    texts.reduce((expression, text, index) => {
      const value = mustBe(values[index - 1], 'expr', index)!;
      return `${expression}${value instanceof Ref ? value.expression : JSON.stringify(value)}${text}`;
    }),
  );

/** Text with refs in it: text`--day=${dag.inputs.day}` gives `--day=${{ inputs.day }}`. Linters forbid the plain template string. */
export const text = (texts: TemplateStringsArray, ...values: readonly (Ref | string | number)[]): string =>
  texts.reduce(
    (written, next, index) => `${written}${String(mustBe(values[index - 1], 'text', index))}${next}`,
  );

/** JSON in which refs may stand for values. */
export type WithRefs =
  Ref | string | number | boolean | null | readonly WithRefs[] | { readonly [key: string]: WithRefs };

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** The same value with each ref written as its expression, and without fields that are undefined. */
export const withoutRefs = (value: unknown): unknown => {
  if (value instanceof Ref) return value.toString();
  if (Array.isArray(value)) return value.map(withoutRefs);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutRefs(item)]));
};
