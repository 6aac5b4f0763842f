import type { JsonValue } from '@job-orchestrator/types';

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

/** JSON without blanks, keys in the order of their code units: equal values give equal text (RFC 8785 for our values). */
export const canonicalJson = (value: JsonValue): string => {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const keys = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key]!)}`).join(',')}}`;
};
