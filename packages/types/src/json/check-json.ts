import type { Problem } from '../errors/problems.ts';
import { limits } from '../vocabulary/limits.ts';

const shown = (value: string): string => (value.length > 64 ? `${value.slice(0, 61)}…` : value);

/** `jobs[0].env.HOME`: how a place inside a value is written in problems. */
export const fieldPath = (parts: readonly (string | number)[]): string =>
  parts.reduce<string>(
    (path, part) => (typeof part === 'number' ? `${path}[${part}]` : path === '' ? part : `${path}.${part}`),
    '',
  );

/** What keeps a text from being stored; null: nothing. */
export const textProblem = (text: string): string | null => {
  if (text.includes('\0')) return 'must not contain NUL (U+0000); PostgreSQL cannot store it';
  return text.isWellFormed() ? null : 'must not contain a lone surrogate; it is not valid Unicode';
};

const numberProblem = (value: number): string | null => {
  if (!Number.isFinite(value)) return 'must be a finite number';
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    return `must be an integer within ±${Number.MAX_SAFE_INTEGER}, or a string`;
  return null;
};

/** Keys that turn a merge into prototype pollution. */
const isPoison = (key: string, value: unknown): boolean =>
  key === '__proto__' ||
  (key === 'constructor' && typeof value === 'object' && value !== null && 'prototype' in value);

const keyProblem = (key: string, value: unknown): string | null =>
  isPoison(key, value) ? 'is a key that is never allowed' : textProblem(key);

type Path = readonly (string | number)[];

const scalarProblem = (value: unknown): string | null => {
  if (value === null || typeof value === 'boolean') return null;
  if (typeof value === 'string') return textProblem(value);
  if (typeof value === 'number') return numberProblem(value);
  return `must be a JSON value, not ${typeof value}`;
};

const checkObject = (value: object, path: Path, problems: Problem[]): void => {
  for (const [key, item] of Object.entries(value)) {
    const place = [...path, key];
    const message = keyProblem(key, item);
    if (message === null) check(item, place, problems);
    else problems.push({ field: fieldPath(place), message, value: shown(key) });
  }
};

const check = (value: unknown, path: Path, problems: Problem[]): void => {
  if (path.length > limits.jsonDepth + 1) {
    problems.push({ field: fieldPath(path), message: `is nested too deeply`, limit: limits.jsonDepth });
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => check(item, [...path, index], problems));
  } else if (typeof value === 'object' && value !== null) {
    checkObject(value, path, problems);
  } else {
    const message = scalarProblem(value);
    if (message !== null) problems.push({ field: fieldPath(path), message, value: shown(String(value)) });
  }
};

/**
 * What keeps a value from being stored and read back unchanged: NUL, lone surrogates, numbers that JSON or
 * PostgreSQL would alter, keys that pollute prototypes, nesting beyond `limits.jsonDepth`. Empty: nothing.
 */
export const checkJson = (value: unknown, at: Path = []): readonly Problem[] => {
  const problems: Problem[] = [];
  check(value, at, problems);
  return problems;
};
