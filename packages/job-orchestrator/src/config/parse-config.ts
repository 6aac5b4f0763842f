import type { Problem, RuntimeKind } from '@job-orchestrator/types';
import { limits } from '@job-orchestrator/types/limits';
import { OrchestratorError } from '@job-orchestrator/types/errors';
import { defaultDataDir, type Environment } from './environment.ts';
import type { Config, DatabaseConfig, Surroundings, TokenSource } from './config.ts';
import { variables, type Variable, type ValueOf, type VariableName } from './variables.ts';

/** A connection string without what may be secret in it: user, password and parameters. */
export const withoutPassword = (text: string): string =>
  text
    .replace(/^([a-z]*:\/\/)?.*@/, '$1***@')
    .replace(/\?.*$/, '')
    .replace(/password=\S*/i, 'password=***');

const shown = (text: string, secrecy: Variable<unknown>['secrecy']): string => {
  if (secrecy === 'secret') return `(hidden, ${text.length} characters)`;
  if (secrecy === 'url') return withoutPassword(text).slice(0, 200);
  return text.slice(0, 200);
};

type Read = <Name extends VariableName>(name: Name) => ValueOf<Name> | null;

/** Reads one variable; a wrong one becomes a problem and counts as unset. Blank means unset. */
const readerOf =
  (environment: Environment, problems: Problem[]): Read =>
  (name) => {
    const text = environment[name]?.trim() ?? '';
    if (text === '') return null;
    const { parse, secrecy } = variables[name];
    const parsed = parse(text);
    if (parsed.ok) return parsed.value as ValueOf<typeof name>;
    problems.push({
      field: name,
      message: 'is not allowed',
      limit: parsed.allowed,
      value: shown(text, secrecy),
    });
    return null;
  };

const databaseOf = (read: Read, problems: Problem[]): DatabaseConfig => {
  const url = read('DATABASE_URL');
  const listenUrl = read('DATABASE_LISTEN_URL');
  if (url !== null) return { kind: 'postgres', url, listenUrl: listenUrl ?? url };
  if (listenUrl !== null)
    problems.push({
      field: 'DATABASE_LISTEN_URL',
      message: 'has no meaning without DATABASE_URL',
      limit: 'set both or none',
      value: shown(listenUrl, 'url'),
    });
  return { kind: 'embedded' };
};

const tokenOf = (read: Read, problems: Problem[]): TokenSource | null => {
  const token = read('API_TOKEN');
  const path = read('API_TOKEN_FILE');
  if (token !== null && path !== null)
    problems.push({
      field: 'API_TOKEN_FILE',
      message: 'is set beside API_TOKEN',
      limit: 'one of the two',
      value: path,
    });
  if (token !== null) return { kind: 'value', token };
  return path === null ? null : { kind: 'file', path };
};

const executorOf = (read: Read, around: Surroundings, runtime: RuntimeKind): Config['executor'] => ({
  name: read('EXECUTOR_INSTANCE_ID') ?? `${around.hostName}-${around.randomSuffix}`,
  topics: read('EXECUTOR_TOPICS'),
  pollIntervalMs: read('EXECUTOR_POLL_INTERVAL') ?? 5_000,
  batchSize: read('EXECUTOR_BATCH_SIZE') ?? 5,
  maxRunning: read('EXECUTOR_MAX_RUNNING') ?? (runtime === 'process' ? around.cores : 1_000),
  // The rate is there for the Kubernetes API server; a process costs about a millisecond.
  launchRatePerSecond: read('EXECUTOR_LAUNCH_RATE') ?? (runtime === 'process' ? 500 : 20),
});

const deepFreeze = <Value extends object>(value: Value): Readonly<Value> => {
  for (const part of Object.values(value))
    if (typeof part === 'object' && part !== null) deepFreeze(part as object);
  return Object.freeze(value);
};

/**
 * The whole configuration from the environment. Pure.
 * Throws `invalid_configuration` with every wrong variable at once.
 */
export const parseConfig = (environment: Environment, around: Surroundings): Config => {
  const problems: Problem[] = [];
  const read = readerOf(environment, problems);
  const runtime = read('EXECUTOR_RUNTIME') ?? around.defaultRuntime;
  const months = read('HISTORY_MONTHS') ?? 12;
  const config: Config = {
    database: databaseOf(read, problems),
    dataDir: read('DATA_DIR') ?? defaultDataDir(environment, around.homeDir),
    historyMonths: months === 'ALL' ? null : months,
    executor: executorOf(read, around, runtime),
    runtime,
    kubernetes: { namespace: read('K8S_NAMESPACE') ?? 'default', inCluster: read('K8S_IN_CLUSTER') ?? false },
    api: { listen: read('API_LISTEN') ?? { host: '127.0.0.1', port: 8080 }, token: tokenOf(read, problems) },
    collector: {
      image: read('OUTPUT_COLLECTOR_IMAGE'),
      serviceUrl: read('API_SERVICE_URL'),
      listen: read('COLLECTOR_LISTEN'),
      limits: {
        bytes: read('OUTPUT_LIMIT_BYTES') ?? limits.outputBytes,
        files: read('OUTPUT_LIMIT_FILES') ?? limits.outputFiles,
      },
    },
    log: {
      level: read('LOG_LEVEL') ?? around.defaultLog.level,
      format: read('LOG_FORMAT') ?? around.defaultLog.format,
    },
  };
  if (problems.length > 0)
    throw new OrchestratorError('invalid_configuration', 'the environment has wrong values', problems);
  return deepFreeze(config);
};
