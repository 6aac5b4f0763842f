import {
  invalidInput,
  isOrchestratorError,
  limits,
  mapProblems,
  validateJobBatch,
  type JobSubmission,
  type Problem,
} from '@job-orchestrator/types';
import { isMap, isNode, isScalar, isSeq, LineCounter, parseAllDocuments, type Document } from 'yaml';
import { readBounded } from './read-bounded.ts';

/** One document of a file, with the way back from a field to its place. */
interface FileDocument {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
}

const placed = (file: string, lines: LineCounter, offset: number): string => {
  const { line, col } = lines.linePos(offset);
  return `${file}:${line}:${col}`;
};

/** `jobs[0].env.HOME` → `['jobs', 0, 'env', 'HOME']`. A key with dots is not found: its parent is shown instead. */
const pathParts = (field: string): (string | number)[] =>
  [...field.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, key]) =>
    index === undefined ? key! : Number(index),
  );

/** Where a key of a map stands, or an item of a list. */
const offsetOf = (document: Document, path: readonly (string | number)[]): number | null => {
  const parent: unknown = document.getIn(path.slice(0, -1), true);
  const pair = isMap(parent)
    ? parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))
    : undefined;
  const node: unknown = pair === undefined ? document.getIn(path, true) : pair.key;
  return isNode(node) && node.range ? node.range[0] : null;
};

/** The deepest thing on the way to `field` that exists in the document: a missing field points at its parent. */
const nearestOffset = (document: Document, parts: readonly (string | number)[]): number => {
  for (let length = parts.length; length > 0; length -= 1) {
    const offset = offsetOf(document, parts.slice(0, length));
    if (offset !== null) return offset;
  }
  return document.contents?.range?.[0] ?? 0;
};

/** Where the batch rules speak of `jobs[2]`, a bare list in the file has it at `[2]`. */
const inDocument = (document: Document, field: string): (string | number)[] => {
  const parts = pathParts(field);
  return parts[0] === 'jobs' && isSeq(document.contents) ? parts.slice(1) : parts;
};

const withPlace = ({ file, document, lines }: FileDocument, problem: Problem): Problem => {
  const offset = nearestOffset(document, inDocument(document, problem.field));
  return { ...problem, field: `${placed(file, lines, offset)} ${problem.field}`.trim() };
};

export const decodeText = (file: string, bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalidInput([{ field: file, message: 'is not valid UTF-8' }]);
  }
};

export const syntaxProblems = ({ file, document, lines }: FileDocument): Problem[] =>
  [...document.errors, ...document.warnings].map((error) => ({
    field: placed(file, lines, error.pos[0]),
    message: error.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, ''),
  }));

/** The YAML core schema: no tags that make objects, no merge keys, `no` stays a word; JSON is part of it. */
export const parseDocuments = (file: string, text: string): FileDocument[] => {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, {
    schema: 'core',
    version: '1.2',
    uniqueKeys: true,
    lineCounter: lines,
  });
  const documents = Array.isArray(parsed) ? (parsed as Document[]) : [];
  return documents.map((document) => ({ file, document, lines }));
};

/** Aliases may repeat a part of the file a hundred times in all: more is a bomb, not a file. */
const mostAliases = 100;

export const valueOf = (part: FileDocument): unknown => {
  try {
    return part.document.toJS({ maxAliasCount: mostAliases });
  } catch (error) {
    throw invalidInput([
      { field: part.file, message: (error as Error).message, limit: `${mostAliases} aliases` },
    ]);
  }
};

const isDag = (part: FileDocument) =>
  invalidInput([
    withPlace(part, {
      field: 'nodes',
      message: `makes this a DAG and no job: job-orchestrator dag apply -f ${part.file}`,
    }),
  ]);

const jobsOf = (part: FileDocument): readonly JobSubmission[] => {
  const wrong = syntaxProblems(part);
  if (wrong.length > 0) throw invalidInput(wrong);
  if (isMap(part.document.contents) && part.document.has('nodes')) throw isDag(part);
  try {
    return validateJobBatch(valueOf(part)).jobs;
  } catch (error) {
    if (!isOrchestratorError(error) || error.code !== 'invalid_input') throw error;
    throw invalidInput(mapProblems(error.problems, (problem) => withPlace(part, problem)));
  }
};

/** Every document is looked at, so that one round of mending is enough. Throws `invalid_input` with what all of them break. */
const mapAll = <Item, Result>(items: readonly Item[], read: (item: Item) => Result): readonly Result[] => {
  const problems: Problem[] = [];
  const results = items.flatMap((item) => {
    try {
      return [read(item)];
    } catch (error) {
      if (!isOrchestratorError(error) || error.code !== 'invalid_input') throw error;
      problems.push(...error.problems);
      return [];
    }
  });
  if (problems.length > 0) throw invalidInput(problems);
  return results;
};

const isEmpty = ({ document: { contents, errors } }: FileDocument): boolean =>
  errors.length === 0 && (contents === null || (isScalar(contents) && contents.value === null));

/** The jobs of a file, in its order, with the way back from a job to its place. */
export interface JobFile {
  readonly jobs: readonly JobSubmission[];
  /** A problem that the server found in a job (`jobs[2].image`, or `image` where there is only one), with its place. */
  readonly place: (problem: Problem) => Problem;
}

interface FilePart {
  readonly document: FileDocument;
  readonly jobs: readonly JobSubmission[];
}

const partOf = (document: FileDocument): FilePart => ({ document, jobs: jobsOf(document) });

/** Which job a problem is of, counted through the whole batch, and what of it (`.image`; empty: the job itself). */
const ofJob = (field: string): { readonly index: number; readonly rest: string } => {
  const [, index, rest] = /^jobs\[(\d+)\](.*)$/.exec(field) ?? [];
  return { index: Number(index ?? 0), rest: rest ?? `.${field}` };
};

const placeIn =
  (parts: readonly FilePart[]) =>
  (problem: Problem): Problem => {
    let { index, rest } = ofJob(problem.field);
    for (const { document, jobs } of parts) {
      const isOne = isMap(document.document.contents) && !document.document.has('jobs');
      if (index < jobs.length)
        return withPlace(document, { ...problem, field: isOne ? rest.slice(1) : `jobs[${index}]${rest}` });
      index -= jobs.length;
    }
    return problem;
  };

/**
 * The jobs in a text of YAML or JSON: each document one job, a list of jobs, or `{ jobs: [...] }`.
 * Throws `invalid_input`; each problem names file, line, column and field.
 */
export const parseJobFile = (file: string, bytes: Uint8Array): JobFile => {
  const documents = parseDocuments(file, decodeText(file, bytes)).filter((part) => !isEmpty(part));
  const parts = mapAll(documents, partOf);
  const jobs = parts.flatMap((part) => part.jobs);
  if (jobs.length === 0) throw invalidInput([{ field: file, message: 'holds no job' }]);
  if (jobs.length <= limits.jobsPerRequest) return { jobs, place: placeIn(parts) };
  throw invalidInput([
    { field: file, message: 'holds too many jobs', limit: limits.jobsPerRequest, value: String(jobs.length) },
  ]);
};

/** Reads and checks a file of jobs; `-` is standard input. Throws `invalid_input`. */
export const readJobFile = async (path: string): Promise<JobFile> =>
  parseJobFile(path === '-' ? '(stdin)' : path, await readBounded(path));
