import { DagDocumentSchema } from '@job-orchestrator/types';
import type { Fault, Path } from '../fault.ts';
import { words, wordsOfDag, wordsOfNames, wordsOfSchedules } from './foreign-words.ts';

/** How a map is written that people take for something simpler. */
const maps: Readonly<Record<string, string>> = {
  approval: '{ message: Go on? }',
  deadlines: '{ runSeconds: 1800 }',
  env: '{ NAME: value }',
  inputs: '{ day: { type: string } }',
  nodes: '{ first: { run: echo hello } }',
  outputs: '{ rows: { type: integer } }',
  resources: '{ limits: { memory: 256Mi } }',
  retry: '{ maxRetries: 3 }',
};

const listHint = (field: string, value: string): string =>
  field === 'command'
    ? `: give a shell line to \`run\`, or write [${value.split(' ').join(', ')}]`
    : `: write [${value}]`;

const own = (table: Readonly<Record<string, string>>, key: string): string | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

const named = (word: string | undefined): string | null =>
  word === undefined ? null : `is not a field here; it is ${word}`;

const ofDag = (field: string): string | null => {
  if (wordsOfSchedules.has(field))
    return 'is not a field here; schedules stand beside DAGs: `job-orchestrator schedule create NAME --dag DAG --cron EXPRESSION`';
  if (Object.hasOwn(DagDocumentSchema.properties.defaults.properties, field))
    return `is a field of nodes; for all of them write \`defaults: { ${field}: … }\``;
  return named(own(wordsOfDag, field));
};

/** Of an unknown field: what was meant by it; null where nobody knows. */
const meantBy = (path: Path): string | null => {
  const field = String(path.at(-1));
  const ofNode = path.length === 3 && (path[0] === 'nodes' || path[0] === 'finally');
  if (ofNode && wordsOfNames.has(field)) return 'is not a field here; the key of a node is its name';
  return (path.length === 1 ? ofDag(field) : null) ?? named(own(words, field));
};

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

const secondsHint = (value: string): string => {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(value) ?? [];
  return unit === undefined ? ' of seconds' : ` of seconds: write ${Number(count) * unitSeconds[unit]!}`;
};

/** What to write in place of a value of another type; empty where that is not plain. */
const typeHint = (message: string, field: string, value: string): string => {
  if (value.startsWith('${{')) return '; this field takes no expressions';
  if (message === 'must be a string')
    return /^(-?\d[\d.]*|true|false|null)$/.test(value) ? `: write '${value}', in quotes` : '';
  if (message === 'must be a list') return listHint(field, value);
  if (/^"[^"]*"$/.test(value)) return `: write ${value.slice(1, -1)}, without quotes`;
  return message === 'must be a whole number' && field.endsWith('Seconds') ? secondsHint(value) : '';
};

const isOfType = /^must be (a string|a list|a whole number|a number|a boolean|true, false or a map)$/;

/** A word of other languages, or a value that is simpler than it has to be: the fault with what was meant. */
export const withHabit = (fault: Fault): Fault => {
  const { message, path, value } = fault;
  const field = String(path.at(-1));
  if (message.startsWith('is not a known field')) return { ...fault, message: meantBy(path) ?? message };
  const example = own(maps, field);
  if (message === 'must be a map' && example !== undefined)
    return { ...fault, message: `must be a map, such as ${example}` };
  if (value === undefined || value.length >= 60 || !isOfType.test(message)) return fault;
  return { ...fault, message: `${message}${typeHint(message, field, value)}` };
};
