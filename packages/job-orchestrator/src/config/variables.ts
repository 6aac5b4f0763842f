import { limits, runtimeKinds } from '@job-orchestrator/types';
import { logFormats, logLevels } from './config.ts';
import * as parse from './parsers.ts';

/** One environment variable: how it is read, and what the manual says of it. */
export interface Variable<Value> {
  readonly parse: parse.Parser<Value>;
  readonly meaning: string;
  /** The default in words, as the README shows it; `–` for none. */
  readonly shownDefault: string;
  /** How to show a wrong value: in full, without its password, or not at all. */
  readonly secrecy: 'open' | 'url' | 'secret';
}

const variable = <Value>(
  parser: parse.Parser<Value>,
  shownDefault: string,
  meaning: string,
  secrecy: Variable<Value>['secrecy'] = 'open',
): Variable<Value> => ({ parse: parser, meaning, shownDefault, secrecy });

/** Every variable that this program reads. The README's table says the same; a test compares them. */
export const variables = {
  DATABASE_URL: variable(
    parse.postgresUrl,
    '–',
    '`postgres://…`; unset: the embedded database in `DATA_DIR`',
    'url',
  ),
  DATABASE_LISTEN_URL: variable(
    parse.postgresUrl,
    '`DATABASE_URL`',
    'a direct connection for LISTEN where `DATABASE_URL` leads to a transaction pooler',
    'url',
  ),
  DATA_DIR: variable(
    parse.line('a path'),
    '`$XDG_DATA_HOME/job-orchestrator`, else `~/.local/share/job-orchestrator`',
    'folder of the embedded database, of local processes and of the API’s own token',
  ),
  HISTORY_MONTHS: variable(
    parse.wholeNumberOrAll(1, 1_200),
    '`12`',
    'full months of history kept before the running one, or `ALL`; older months are dropped whole',
  ),
  EXECUTOR_RUNTIME: variable(
    parse.oneOf(runtimeKinds),
    '`kubernetes`; `process` in `dev`',
    'what runs the jobs: `kubernetes` or `process`',
  ),
  EXECUTOR_TOPICS: variable(
    parse.topicList,
    '`ALL`',
    'comma-separated topics that this executor serves, or `ALL`',
  ),
  EXECUTOR_INSTANCE_ID: variable(parse.instanceName, 'host name + random', "this executor's name"),
  EXECUTOR_POLL_INTERVAL: variable(
    parse.wholeNumber(100, 3_600_000),
    '`5000`',
    'milliseconds between safety polls of the queue',
  ),
  EXECUTOR_BATCH_SIZE: variable(parse.wholeNumber(1, 1_000), '`5`', 'most jobs claimed at once'),
  EXECUTOR_MAX_RUNNING: variable(
    parse.wholeNumber(1, 100_000),
    '`1000`; the number of cores with `process`',
    'most attempts held at once',
  ),
  EXECUTOR_LAUNCH_RATE: variable(
    parse.wholeNumber(1, 10_000),
    '`20`; `500` with `process`',
    'most attempts launched in a second',
  ),
  K8S_NAMESPACE: variable(
    parse.dnsLabel,
    '`default`',
    'namespace of the Kubernetes Jobs; give them one of their own',
  ),
  K8S_IN_CLUSTER: variable(
    parse.trueOrFalse,
    '`false`',
    "`true`: use the pod's service account; else `KUBECONFIG` or `~/.kube/config`",
  ),
  API_LISTEN: variable(parse.listenAddress, '`127.0.0.1:8080`', 'address and port of the HTTP API'),
  API_TOKEN: variable(
    parse.token,
    'that of `DATA_DIR`, made at the first start',
    'the bearer token that the API asks for',
    'secret',
  ),
  API_TOKEN_FILE: variable(parse.line('a path'), '–', 'a file with that token, instead of `API_TOKEN`'),
  OUTPUT_COLLECTOR_IMAGE: variable(
    parse.imageReference,
    '–',
    'image of the output collector; unset: jobs on Kubernetes that declare an output are refused',
  ),
  API_SERVICE_URL: variable(
    parse.httpUrl,
    '–',
    'where output collectors reach `COLLECTOR_LISTEN`; unset: the executor reads outputs from their logs',
  ),
  COLLECTOR_LISTEN: variable(
    parse.listenAddress,
    '–',
    'address and port on which the API takes outputs from collectors, and nothing else',
  ),
  OUTPUT_LIMIT_BYTES: variable(
    parse.wholeNumber(1_024, limits.outputBytesMost),
    '`262144`',
    'the largest output of a job, all its files together; the same for the executor and the API',
  ),
  OUTPUT_LIMIT_FILES: variable(
    parse.wholeNumber(1, limits.outputFilesMost),
    '`100`',
    'the most files that one job may leave as its output; the same for the executor and the API',
  ),
  LOG_LEVEL: variable(
    parse.oneOf(logLevels),
    '`info`; `warn` in `dev`',
    '`debug`, `info`, `warn` or `error`',
  ),
  LOG_FORMAT: variable(
    parse.oneOf(logFormats),
    '`json`; `text` in `dev`',
    '`text` for people or `json` for machines, on stderr',
  ),
} as const;

export type VariableName = keyof typeof variables;
export type ValueOf<Name extends VariableName> =
  (typeof variables)[Name] extends Variable<infer Value> ? Value : never;
