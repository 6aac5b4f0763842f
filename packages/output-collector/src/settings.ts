import { basename, dirname } from 'node:path';
import { limits } from '@job-orchestrator/types/limits';
import type { OutputLimits } from '@job-orchestrator/types/output-folder';
import { collectorTokenFile, resultName } from '@job-orchestrator/types/outputs';

/** What a collector is told by its environment. */
export interface Settings {
  readonly jobId: string;
  readonly attemptNumber: number;
  /** Where outputs are PUT; null: nowhere, the log and the receipt carry them. */
  readonly apiUrl: string | null;
  /** Where the result lies, and the other output files beside it. */
  readonly outputFolder: string;
  readonly tokenFile: string;
  readonly receiptFile: string;
  /** How long to try to deliver once the program has ended; below the pod's grace. */
  readonly maxWaitMs: number;
  /** Between two looks at the output while the program runs; 0: none, the output is taken when the program has ended. */
  readonly pollIntervalMs: number;
  readonly limits: OutputLimits;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const refuse = (name: string, value: string | undefined, allowed: string): never => {
  throw new Error(
    `${name} is ${value === undefined ? 'not set' : JSON.stringify(value)}; allowed: ${allowed}`,
  );
};

const uuid = (environment: Environment, name: string): string => {
  const value = environment[name];
  return value !== undefined && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)
    ? value
    : refuse(name, value, 'a lower-case UUID');
};

const number = (
  environment: Environment,
  name: string,
  {
    least,
    most,
    standard,
  }: { readonly least: number; readonly most: number; readonly standard: number | null },
): number => {
  const value = environment[name] || (standard === null ? undefined : String(standard));
  const read = /^\d{1,9}$/.test(value ?? '') ? Number(value) : NaN;
  return read >= least && read <= most
    ? read
    : refuse(name, value, `a whole number from ${least} to ${most}`);
};

/** The folder of a result: its file has always the same name, the others beside it have theirs. */
const folder = (environment: Environment, name: string, standard: string): string => {
  const value = environment[name] || standard;
  return basename(value) === resultName ? dirname(value) : refuse(name, value, `FOLDER/${resultName}`);
};

const url = (environment: Environment, name: string): string | null => {
  const value = environment[name] || null;
  if (value === null) return null;
  const fits = URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
  return fits ? value.replace(/\/+$/, '') : refuse(name, value, 'http://HOST:PORT or https://HOST:PORT');
};

/** Reads the environment; throws with the name of the variable that is wrong, its value and what is allowed. */
export const readSettings = (environment: Environment): Settings => ({
  jobId: uuid(environment, 'JOB_ID'),
  attemptNumber: number(environment, 'ATTEMPT', { least: 1, most: 999_999_999, standard: null }),
  apiUrl: url(environment, 'API_URL'),
  outputFolder: folder(environment, 'OUTPUT_FILE', `/output/${resultName}`),
  tokenFile: environment['TOKEN_FILE'] || collectorTokenFile,
  receiptFile: environment['RECEIPT_FILE'] || '/dev/termination-log',
  maxWaitMs: 1_000 * number(environment, 'MAX_WAIT_SECONDS', { least: 1, most: 3_600, standard: 8 }),
  pollIntervalMs: number(environment, 'POLL_INTERVAL_MS', { least: 0, most: 3_600_000, standard: 0 }),
  limits: {
    bytes: number(environment, 'OUTPUT_LIMIT_BYTES', {
      least: 1,
      most: limits.outputBytesMost,
      standard: limits.outputBytes,
    }),
    files: number(environment, 'OUTPUT_LIMIT_FILES', {
      least: 1,
      most: limits.outputFilesMost,
      standard: limits.outputFiles,
    }),
  },
});
