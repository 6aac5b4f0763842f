import { limits } from '../vocabulary/limits.ts';

/** The output file that holds a job's result: the value that its record shows and that DAGs read. */
export const resultName = 'result.json';

/**
 * Files that are no outputs, wherever they lie: what is still being written (`*.tmp`, to be renamed), and what a program
 * hides (`.name`).
 */
export const isPassedOver = (name: string): boolean => name.startsWith('.') || name.endsWith('.tmp');

/** Whether its content must be JSON. */
export const isJsonName = (name: string): boolean => name.endsWith('.json');

const allowed = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/** Why an output file may not have this name; null: it may. Names go into URLs, headers, shells and terminals. */
export const outputNameFault = (name: string): string | null => {
  if (name.length > limits.outputNameChars)
    return `The name of an output file has ${name.length} characters; the limit is ${limits.outputNameChars}.`;
  return allowed.test(name)
    ? null
    : `An output file is named ${JSON.stringify(name)}; allowed are letters, digits, "_", "-" and ".", the first one no "-" or ".".`;
};

/** What browsers show or pass on but never run. HTML, SVG, XML and scripts are left out: they are bytes to be saved. */
const contentTypes: Readonly<Record<string, string>> = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  jsonl: 'application/x-ndjson',
  txt: 'text/plain; charset=utf-8',
  log: 'text/plain; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  tsv: 'text/tab-separated-values; charset=utf-8',
  yaml: 'application/yaml',
  yml: 'application/yaml',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  pdf: 'application/pdf',
  gz: 'application/gzip',
  tgz: 'application/gzip',
  zip: 'application/zip',
  tar: 'application/x-tar',
  parquet: 'application/vnd.apache.parquet',
};

/** The content type of an output file, by the end of its name; `application/octet-stream` for what is not known. */
export const contentTypeOf = (name: string): string => {
  const ending = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(contentTypes, ending) ? contentTypes[ending]! : 'application/octet-stream';
};
