import { firstProblems, invalidInput, limits, type Problem } from '@job-orchestrator/types';
import { isScalar, LineCounter, parseAllDocuments, visit, type Document, type YAMLMap } from 'yaml';
import { excerptAt } from './excerpt.ts';

/** A document of YAML or JSON with the way back from a field to its place. */
export interface ParsedFile {
  readonly file: string;
  readonly text: string;
  readonly document: Document;
  readonly lines: LineCounter;
  readonly value: unknown;
}

const refuseFile = (file: string, message: string, limit?: string): never => {
  throw invalidInput([{ field: file, message, ...(limit === undefined ? {} : { limit }) }]);
};

/** The parser is recursive: nesting far beyond the limit overflows its stack, which it may hand on as its own error. */
const isOverflow = (error: unknown): boolean =>
  error instanceof Error && error.message.includes('Maximum call stack size exceeded');

const tooDeep = (file: string): never =>
  refuseFile(file, 'is nested too deeply', `${limits.jsonDepth} levels`);

const decode = (file: string, bytes: Uint8Array): string => {
  if (bytes.length > limits.fileBytes) refuseFile(file, 'is too large', `${limits.fileBytes} bytes`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuseFile(file, 'is not valid UTF-8');
  }
};

/**
 * The YAML core schema: no tags that make objects, no merge keys, `no` stays a word; JSON is part of it. Whether keys are
 * unique is checked by us: the parser compares each key with every other one, 28 million times for 7,500 nodes.
 */
const options = {
  schema: 'core',
  version: '1.2',
  uniqueKeys: false,
  stringKeys: true,
  merge: false,
  logLevel: 'error',
} as const;

const documentsOf = (file: string, text: string, lineCounter: LineCounter): readonly Document[] => {
  try {
    const parsed = parseAllDocuments(text, { ...options, lineCounter });
    return Array.isArray(parsed) ? (parsed as Document[]) : [];
  } catch (error) {
    if (isOverflow(error)) return tooDeep(file);
    throw error;
  }
};

const problemAt = (
  parsed: Omit<ParsedFile, 'value'>,
  start: number,
  end: number,
  message: string,
): Problem => {
  const { line, col } = parsed.lines.linePos(start);
  return {
    field: `${parsed.file}:${line}:${col}`,
    message,
    excerpt: excerptAt(parsed.text, start, end),
  };
};

/** The ranges of keys that stand in their map a second time. */
const repeatedKeys = (document: Document): (readonly [number, number])[] => {
  const repeated: (readonly [number, number])[] = [];
  const check = ({ items }: YAMLMap): void => {
    const seen = new Set<unknown>();
    for (const { key } of items) {
      if (!isScalar(key)) continue;
      if (seen.has(key.value) && key.range) repeated.push([key.range[0], key.range[1]]);
      seen.add(key.value);
    }
  };
  visit(document, { Map: (_, map) => check(map) });
  return repeated;
};

const keyProblems = (parsed: Omit<ParsedFile, 'value'>): readonly Problem[] =>
  firstProblems(repeatedKeys(parsed.document), ([start, end]) =>
    problemAt(parsed, start, end, 'stands in this map twice; keys must be unique'),
  );

/** An expression that begins a value inside of `{ }` or `[ ]` is read as a map of YAML. */
const quoteHint = ({ text }: Omit<ParsedFile, 'value'>, at: number): string =>
  /^\$?\{\{/.test(text.slice(at - 1, at + 2))
    ? ": an expression inside of { } or [ ] stands in quotes: '${{ … }}'"
    : '';

/** Where the parser lost its way, everything after it is a fault to it: only the first is told. */
const lostWay: readonly string[] = ['UNEXPECTED_TOKEN', 'BAD_INDENT', 'TAB_AS_INDENT', 'MISSING_CHAR'];

const syntaxProblems = (parsed: Omit<ParsedFile, 'value'>): readonly Problem[] => {
  const faults = [...parsed.document.errors, ...parsed.document.warnings];
  const lost = faults.findIndex(({ code }) => lostWay.includes(code));
  const before = lost < 0 ? faults : faults.slice(0, lost + 1);
  return firstProblems(before, ({ pos, message }) => {
    const words = message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '');
    return problemAt(parsed, pos[0], Math.max(pos[0] + 1, pos[1]), `${words}${quoteHint(parsed, pos[0])}`);
  });
};

/** `%YAML 1.1` would bring back `no` as false, and merge keys. */
const versionProblems = (parsed: Omit<ParsedFile, 'value'>): Problem[] => {
  const version = parsed.document.directives?.yaml.version;
  return version === '1.2' || version === undefined
    ? []
    : [problemAt(parsed, 0, 1, `is YAML ${version}; YAML 1.2 and JSON are understood`)];
};

/** Aliases may repeat a part of the file a hundred times in all: more is a bomb, not a file. */
const mostAliases = 100;

const valueOf = (file: string, document: Document): unknown => {
  try {
    return document.toJS({ maxAliasCount: mostAliases });
  } catch (error) {
    if (isOverflow(error)) return tooDeep(file);
    return refuseFile(file, (error as Error).message, `${mostAliases} aliases`);
  }
};

/**
 * Parses one document of YAML or JSON of at most `limits.fileBytes`, strictly. Throws `invalid_input`; each problem
 * names file, line and column and shows the line.
 */
export const parseYaml = (file: string, bytes: Uint8Array): ParsedFile => {
  const text = decode(file, bytes);
  const lines = new LineCounter();
  const [document, second] = documentsOf(file, text, lines);
  if (document === undefined) return refuseFile(file, 'holds no DAG');
  const parsed = { file, text, document, lines };
  if (document.errors.some(isOverflow)) return tooDeep(file);
  const problems = [...syntaxProblems(parsed), ...versionProblems(parsed)];
  if (problems.length > 0) throw invalidInput(problems);
  const repeated = keyProblems(parsed);
  if (repeated.length > 0) throw invalidInput(repeated);
  if (second !== undefined)
    throw invalidInput([
      problemAt(
        parsed,
        second.range?.[0] ?? 0,
        (second.range?.[0] ?? 0) + 1,
        'begins a second document; a file holds one DAG',
      ),
    ]);
  return { ...parsed, value: valueOf(file, document) };
};
