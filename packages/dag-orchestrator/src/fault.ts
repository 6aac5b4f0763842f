import { fieldPath, type Problem } from '@job-orchestrator/types';

export type Path = readonly (string | number)[];

/**
 * One thing that is wrong in a document. `offset`: the character inside the text at `path` (0-based).
 * `onKey`: the name is wrong, not what stands behind it.
 */
export interface Fault {
  readonly path: Path;
  readonly message: string;
  readonly limit?: number | string;
  readonly value?: string;
  readonly offset?: number;
  readonly onKey?: boolean;
}

/** The same as people read it where no file is at hand. */
export const problemOfFault = ({ path, message, limit, value }: Fault): Problem => ({
  field: fieldPath(path),
  message,
  ...(limit === undefined ? {} : { limit }),
  ...(value === undefined ? {} : { value }),
});

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The longest way into `value` that the dots of `parts` allow: keys may have dots themselves. */
const keysOf = (value: unknown, parts: readonly string[]): string[] => {
  if (parts.length === 0) return [];
  for (let length = 1; length <= parts.length; length += 1) {
    const key = parts.slice(0, length).join('.');
    if (isMap(value) && Object.hasOwn(value, key)) return [key, ...keysOf(value[key], parts.slice(length))];
  }
  return [parts.join('.')];
};

const stepInto = (value: unknown, key: string | number): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[key] : undefined;

/** `nodes.a.env.MY.KEY` with the document at hand → `['nodes', 'a', 'env', 'MY.KEY']`. */
const pathOfField = (document: unknown, field: string): Path => {
  const path: (string | number)[] = [];
  let value = document;
  for (const piece of field.split(/(?=\[\d+\])|(?<=\])\./)) {
    const index = /^\[(\d+)\]$/.exec(piece)?.[1];
    const keys = index === undefined ? keysOf(value, piece.split('.')) : [Number(index)];
    for (const key of keys) value = stepInto(value, key);
    path.push(...keys);
  }
  return path;
};

/** True where no value is wrong, or the one that was found is the name of its place: the name is what is wrong. */
const isAboutName = (path: Path, value: string | undefined): boolean => {
  const name = String(path.at(-1) ?? '');
  return (
    value === undefined || value === name || (value.endsWith('…') && name.startsWith(value.slice(0, -1)))
  );
};

/** A problem that says its field, as a fault. */
export const faultOfProblem = (document: unknown, { field, ...problem }: Problem): Fault => {
  const path = field === '' ? [] : pathOfField(document, field);
  return { ...problem, path, onKey: isAboutName(path, problem.value) };
};
