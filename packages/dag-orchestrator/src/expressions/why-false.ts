import type { Expression, ExpressionScope, JsonValue } from '@job-orchestrator/types';
import { planExpression } from './plan-expression.ts';
import { usesOf, type Reference } from './references.ts';

const sourceMost = 160;
const valueMost = 60;
const readsMost = 5;

const cut = (text: string, most: number): string => {
  const shown = text.slice(0, most - 1);
  return text.length > most ? `${shown.isWellFormed() ? shown : shown.slice(0, -1)}…` : text;
};

const written = ({ root, path }: Reference): string =>
  root + path.map(({ name }) => (/^\w+$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`)).join('');

/** The value that an expression read here; undefined: there is none. */
const valueAt = (scope: ExpressionScope, { root, path }: Reference): JsonValue | undefined => {
  let value = (scope as unknown as Readonly<Record<string, JsonValue | undefined>>)[root];
  for (const { name } of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, JsonValue>>)[name];
  }
  return value;
};

/** What a condition that was false read, each thing once. */
const readsOf = (source: Expression, scope: ExpressionScope): readonly string[] => {
  const { references } = usesOf(planExpression(source).parsed);
  const read = new Map(references.map((reference) => [written(reference), reference]));
  return [...read].map(([name, reference]) => {
    const value = valueAt(scope, reference);
    return `${name} ${value === undefined ? 'is not there' : `is ${cut(JSON.stringify(value), valueMost)}`}`;
  });
};

/** A condition that was false, with the values that it read, both cut to a length. */
export const whyFalse = (source: Expression, scope: ExpressionScope): string => {
  const reads = readsOf(source, scope);
  const more = reads.length > readsMost ? ` and ${reads.length - readsMost} more` : '';
  const values = reads.length === 0 ? '' : `: ${reads.slice(0, readsMost).join(', ')}${more}`;
  return `${cut(source, sourceMost)} is false${values}`;
};
