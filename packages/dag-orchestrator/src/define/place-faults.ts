import { fieldPath, type Problem } from '@job-orchestrator/types';
import { isCollection, isMap, isNode, isScalar, type Document } from 'yaml';
import { faultOfProblem, problemOfFault, type Fault, type Path } from '../fault.ts';
import { excerptAt } from './excerpt.ts';
import { parseYaml, type ParsedFile } from './parse-yaml.ts';

type Range = readonly [start: number, end: number];

const rangeOf = (node: unknown): Range | null =>
  isNode(node) && node.range ? [node.range[0], node.range[1]] : null;

const keyRange = (document: Document, path: Path): Range | null => {
  const parent: unknown = document.getIn(path.slice(0, -1), true);
  const pair = isMap(parent)
    ? parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))
    : undefined;
  return rangeOf(pair?.key);
};

const valueRange = (document: Document, path: Path): Range | null =>
  path.length === 0 ? null : rangeOf(document.getIn(path, true));

/** A value that is worth a caret of its own: nothing is nowhere, and a block of lines is meant by its name. */
const isInLine = (node: unknown): boolean =>
  isCollection(node) ? node.flow === true : isNode(node) && node.range?.[0] !== node.range?.[1];

const exactRange = (document: Document, path: Path, onKey: boolean): Range | null => {
  const value = valueRange(document, path);
  if (!onKey && value !== null && isInLine(document.getIn(path, true))) return value;
  return keyRange(document, path) ?? value;
};

/** The range of what exists nearest to `path`: a missing field points at the name of what lacks it. */
const nearestRange = (document: Document, path: Path, onKey: boolean): Range => {
  const exact = exactRange(document, path, onKey);
  if (exact !== null) return exact;
  for (let length = path.length - 1; length > 0; length -= 1) {
    const parent = path.slice(0, length);
    const range = keyRange(document, parent) ?? valueRange(document, parent);
    if (range !== null) return range;
  }
  const start = document.contents?.range?.[0] ?? 0;
  return [start, start + 1];
};

const occurrencesBefore = (text: string, fragment: string, end: number): number => {
  let count = 0;
  for (let at = text.indexOf(fragment); at >= 0 && at < end; at = text.indexOf(fragment, at + 1)) count += 1;
  return count;
};

const nthOccurrence = (text: string, fragment: string, n: number): number => {
  let at = text.indexOf(fragment);
  for (let seen = 0; at >= 0 && seen < n; seen += 1) at = text.indexOf(fragment, at + 1);
  return at;
};

/**
 * Where character `offset` of a text stands in the file. Quotes, escapes and folded lines move it, so the fragment
 * that begins there is looked for in the raw text, as often as it stands before.
 */
const offsetInFile = (raw: string, value: string, offset: number): number => {
  const fragment = /^[\w.$]+|^./su.exec(value.slice(offset))?.[0] ?? '';
  if (fragment === '') return 0;
  return Math.max(0, nthOccurrence(raw, fragment, occurrencesBefore(value, fragment, offset)));
};

const wordLength = (text: string, at: number): number =>
  /^[\w-]+/.exec(text.slice(at, at + 64))?.[0].length ?? 1;

const spotOf = ({ document, text }: ParsedFile, { path, offset, onKey }: Fault): Range => {
  const [start, end] = nearestRange(document, path, onKey === true);
  const value: unknown = document.getIn(path);
  if (offset === undefined || typeof value !== 'string') return [start, end];
  const at = start + offsetInFile(text.slice(start, end), value, offset);
  return [at, at + wordLength(text, at)];
};

/** A fault as people read it: `file:line:column field`, with the line and a caret under the spot. */
export const placeFault = (parsed: ParsedFile, fault: Fault): Problem => {
  const [start, end] = spotOf(parsed, fault);
  const { line, col } = parsed.lines.linePos(start);
  return {
    ...problemOfFault(fault),
    field: `${parsed.file}:${line}:${col} ${fieldPath(fault.path)}`.trim(),
    excerpt: excerptAt(parsed.text, start, end),
  };
};

/** Shows a problem where it stands in a file; as it is where its field is none of the file's. */
export type PlaceProblem = (problem: Problem) => Problem;

/**
 * The places of a file that could be read. `within`: what the whole file is the value of, such as `inputs` of a file of
 * inputs. The file is parsed when it comes to a problem.
 */
export const placesIn = (file: string, bytes: Uint8Array, within = ''): PlaceProblem => {
  let parsed: ParsedFile | undefined;
  const prefix = within === '' ? '' : `${within}.`;
  return (problem) => {
    parsed ??= parseYaml(file, bytes);
    const { field } = problem;
    if (!field.startsWith(prefix)) return problem;
    const fault = faultOfProblem(parsed.value, { ...problem, field: field.slice(prefix.length) });
    const [first] = fault.path;
    const isThere = first !== undefined && parsed.document.hasIn([first]);
    return isThere ? placeFault(parsed, fault) : problem;
  };
};
