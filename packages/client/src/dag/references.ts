/** Something that an expression reads: `nodes.load.outputs.rows` is `['nodes', 'load', 'outputs', 'rows']`. */
export type Reference = readonly [root: 'nodes' | 'inputs', ...names: string[]];

/** An expression with the field that it stands in. */
export interface Expression {
  readonly field: string;
  readonly source: string;
}

/** What is followed by a bracket is called: no name. */
const name = String.raw`(?:\.\s*([A-Za-z_]\w*)\b(?!\s*\()|\[\s*(?:"([^"\\]+)"|'([^'\\]+)')\s*\])`;
const reading = new RegExp(String.raw`(?<![\w."'])(nodes|inputs)${name}${name}?${name}?`, 'g');
/** Texts, but for those in brackets behind a name: these are names themselves. */
const texts = /(?<![\w\]]\[\s*)(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')/g;

/**
 * What an expression reads by names that are written out. It is no parser of CEL, which the server has: it knows what the
 * builder writes, and leaves out what it does not understand.
 */
export const referencesOf = (source: string): readonly Reference[] =>
  [...source.replace(texts, '""').matchAll(reading)].map(([, root, ...names]) => [
    root as Reference[0],
    ...names.filter((one) => one !== undefined),
  ]);

const inTemplate = (field: string, text: string): readonly Expression[] =>
  [...text.matchAll(/\$\{\{(.*?)\}\}/gs)].map(([, source]) => ({ field, source: source! }));

/** The expressions in JSON, by their fields. */
export const expressionsIn = (field: string, value: unknown): readonly Expression[] => {
  if (typeof value === 'string') return inTemplate(field, value);
  if (Array.isArray(value)) return value.flatMap((item, at) => expressionsIn(`${field}[${at}]`, item));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => expressionsIn(`${field}.${key}`, item));
};

/** A field that is one expression, with or without the braces. */
export const soleExpression = (field: string, text: string): Expression => ({
  field,
  source: /^\s*\$\{\{(.*)\}\}\s*$/s.exec(text)?.[1] ?? text,
});
