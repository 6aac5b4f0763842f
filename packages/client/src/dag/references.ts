import {
  isTemplateFault,
  readExpression,
  readTemplate,
  type Problem,
  type TemplateFault,
} from '@job-orchestrator/types';

/** Something that an expression reads: `nodes.load.outputs.rows` is `['nodes', 'load', 'outputs', 'rows']`. */
export type Reference = readonly [root: 'nodes' | 'inputs', ...names: string[]];

/** An expression with the field that it stands in. */
export interface Expression {
  readonly field: string;
  readonly source: string;
}

/** An expression, or what is wrong with the text that should hold it. */
export type Found = Expression | Problem;

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

/** A template that cannot be read says so in place of its expressions. */
const faultIn = (field: string, text: string, { message }: TemplateFault): Problem => ({
  field,
  message,
  value: text.trim().slice(0, 200),
});

const inTemplate = (field: string, text: string): readonly Found[] => {
  const read = readTemplate(text);
  if (isTemplateFault(read)) return [faultIn(field, text, read)];
  return read.flatMap((part) => (part.kind === 'expression' ? [{ field, source: part.source }] : []));
};

/** The expressions in JSON, by their fields. */
export const expressionsIn = (field: string, value: unknown): readonly Found[] => {
  if (typeof value === 'string') return inTemplate(field, value);
  if (Array.isArray(value)) return value.flatMap((item, at) => expressionsIn(`${field}[${at}]`, item));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => expressionsIn(`${field}.${key}`, item));
};

/** A field that is one expression, with or without the braces. */
export const soleExpression = (field: string, text: string): Found => {
  const read = readExpression(text);
  return isTemplateFault(read) ? faultIn(field, text, read) : { field, source: read.source };
};
