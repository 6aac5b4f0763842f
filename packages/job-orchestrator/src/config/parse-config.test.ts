import { isOrchestratorError, type Problem } from '@job-orchestrator/types';
import { describe, expect, test } from 'vitest';
import type { Surroundings } from './config.ts';
import type { Environment } from './environment.ts';
import { parseConfig, withoutPassword } from './parse-config.ts';
import { variables } from './variables.ts';

const around: Surroundings = {
  hostName: 'host',
  cores: 4,
  homeDir: '/home/ann',
  randomSuffix: 'a1b2c3',
  defaultRuntime: 'kubernetes',
  defaultLog: { level: 'info', format: 'json' },
};
const parse = (environment: Environment) => parseConfig(environment, around);

const problemsOf = (environment: Environment): readonly Problem[] => {
  try {
    parse(environment);
  } catch (error) {
    if (isOrchestratorError(error) && error.code === 'invalid_configuration') return error.problems;
    throw error;
  }
  return [];
};

describe('an empty environment', () => {
  test('gives the defaults of the manual', () => {
    expect(parse({})).toEqual({
      database: { kind: 'embedded' },
      dataDir: '/home/ann/.local/share/job-orchestrator',
      historyMonths: 12,
      executor: {
        name: 'host-a1b2c3',
        topics: null,
        pollIntervalMs: 5000,
        batchSize: 5,
        maxRunning: 1000,
        launchRatePerSecond: 20,
      },
      runtime: 'kubernetes',
      kubernetes: { namespace: 'default', inCluster: false },
      api: { listen: { host: '127.0.0.1', port: 8080 }, token: null },
      collector: { image: null, serviceUrl: null, listen: null, limits: { bytes: 262_144, files: 100 } },
      log: { level: 'info', format: 'json' },
    });
  });

  test('follows the command: local processes hold as many attempts as there are cores', () => {
    const config = parseConfig(
      {},
      { ...around, defaultRuntime: 'process', defaultLog: { level: 'warn', format: 'text' } },
    );
    expect(config.runtime).toBe('process');
    expect(config.executor.maxRunning).toBe(4);
    expect(config.executor.launchRatePerSecond).toBe(500);
    expect(config.log).toEqual({ level: 'warn', format: 'text' });
  });

  test('blank counts as unset, and blanks around a value do not matter', () => {
    expect(parse({ EXECUTOR_BATCH_SIZE: ' ', EXECUTOR_POLL_INTERVAL: ' 250 ' }).executor).toMatchObject({
      batchSize: 5,
      pollIntervalMs: 250,
    });
  });

  test('the data folder follows XDG_DATA_HOME', () => {
    expect(parse({ XDG_DATA_HOME: '/xdg' }).dataDir).toBe('/xdg/job-orchestrator');
  });
});

const good: readonly [name: string, value: string, path: string, parsed: unknown][] = [
  ['HISTORY_MONTHS', '1', 'historyMonths', 1],
  ['HISTORY_MONTHS', 'ALL', 'historyMonths', null],
  ['EXECUTOR_TOPICS', 'ALL', 'executor.topics', null],
  ['EXECUTOR_TOPICS', 'mail, etl', 'executor.topics', ['mail', 'etl']],
  ['EXECUTOR_POLL_INTERVAL', '100', 'executor.pollIntervalMs', 100],
  ['EXECUTOR_BATCH_SIZE', '1000', 'executor.batchSize', 1000],
  ['EXECUTOR_INSTANCE_ID', 'Node-7.example', 'executor.name', 'Node-7.example'],
  ['EXECUTOR_MAX_RUNNING', '1', 'executor.maxRunning', 1],
  ['EXECUTOR_LAUNCH_RATE', '500', 'executor.launchRatePerSecond', 500],
  ['EXECUTOR_RUNTIME', 'process', 'runtime', 'process'],
  ['K8S_NAMESPACE', 'jobs', 'kubernetes.namespace', 'jobs'],
  ['K8S_IN_CLUSTER', 'true', 'kubernetes.inCluster', true],
  ['OUTPUT_COLLECTOR_IMAGE', 'registry:5000/a/b@sha256:00', 'collector.image', 'registry:5000/a/b@sha256:00'],
  ['API_SERVICE_URL', 'http://api:8080', 'collector.serviceUrl', 'http://api:8080'],
  ['DATABASE_URL', 'postgresql://u:p@h/d', 'database.url', 'postgresql://u:p@h/d'],
  ['DATABASE_URL', 'postgres://u:p@h/d', 'database.listenUrl', 'postgres://u:p@h/d'],
  ['API_LISTEN', '[::1]:0', 'api.listen', { host: '::1', port: 0 }],
  ['API_LISTEN', ':9000', 'api.listen', { host: '0.0.0.0', port: 9000 }],
  ['OUTPUT_LIMIT_BYTES', '1024', 'collector.limits.bytes', 1_024],
  ['OUTPUT_LIMIT_BYTES', '4194304', 'collector.limits.bytes', 4_194_304],
  ['OUTPUT_LIMIT_FILES', '1000', 'collector.limits.files', 1_000],
  ['COLLECTOR_LISTEN', '0.0.0.0:8081', 'collector.listen', { host: '0.0.0.0', port: 8081 }],
  ['DATA_DIR', './data', 'dataDir', './data'],
  ['API_TOKEN', 'x'.repeat(16), 'api.token', { kind: 'value', token: 'x'.repeat(16) }],
  ['API_TOKEN_FILE', '/run/token', 'api.token', { kind: 'file', path: '/run/token' }],
  ['LOG_LEVEL', 'debug', 'log.level', 'debug'],
  ['LOG_FORMAT', 'text', 'log.format', 'text'],
];

test.each(good)('%s=%s is read', (name, value, path, parsed) => {
  const config = parse({ [name]: value });
  const found = path
    .split('.')
    .reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], config);
  expect(found).toEqual(parsed);
});

const bad: readonly [name: string, value: string, allowed: string][] = [
  ['HISTORY_MONTHS', '0', '"ALL" or a whole number from 1 to 1200'],
  ['HISTORY_MONTHS', 'forever', '"ALL" or a whole number'],
  ['EXECUTOR_TOPICS', 'all topics', 'separated by commas'],
  ['EXECUTOR_TOPICS', 'a,,b', 'separated by commas'],
  ['EXECUTOR_TOPICS', 'a,a', 'different topics'],
  ['EXECUTOR_POLL_INTERVAL', '5s', 'from 100 to 3600000'],
  ['EXECUTOR_POLL_INTERVAL', '99', 'from 100 to 3600000'],
  ['EXECUTOR_BATCH_SIZE', '0', 'from 1 to 1000'],
  ['EXECUTOR_BATCH_SIZE', '1e2', 'from 1 to 1000'],
  ['EXECUTOR_INSTANCE_ID', 'two words', 'letters, digits'],
  ['EXECUTOR_INSTANCE_ID', 'x'.repeat(129), 'at most 128'],
  ['EXECUTOR_MAX_RUNNING', '-1', 'from 1 to 100000'],
  ['EXECUTOR_LAUNCH_RATE', '2.5', 'from 1 to 10000'],
  ['EXECUTOR_RUNTIME', 'docker', '"kubernetes" or "process"'],
  ['K8S_NAMESPACE', 'My_Space', 'lower-case letters'],
  ['K8S_NAMESPACE', 'x'.repeat(64), 'at most 63'],
  ['K8S_IN_CLUSTER', 'yes', '"true" or "false"'],
  ['OUTPUT_COLLECTOR_IMAGE', 'a b', 'without blanks'],
  ['API_SERVICE_URL', 'api:8080', 'http://HOST:PORT'],
  ['DATABASE_URL', 'mysql://h/d', 'postgres://'],
  ['API_LISTEN', '8080', 'HOST:PORT'],
  ['API_LISTEN', 'localhost:65536', 'HOST:PORT'],
  ['COLLECTOR_LISTEN', 'a:b', 'HOST:PORT'],
  ['OUTPUT_LIMIT_BYTES', '1023', 'from 1024 to 4194304'],
  ['OUTPUT_LIMIT_BYTES', '4194305', 'from 1024 to 4194304'],
  ['OUTPUT_LIMIT_FILES', '0', 'from 1 to 1000'],
  ['DATA_DIR', 'a\u0000b', 'a path'],
  ['API_TOKEN', 'short', '16 to 512'],
  ['API_TOKEN_FILE', 'a\nb', 'a path'],
  ['LOG_LEVEL', 'trace', '"debug"'],
  ['LOG_FORMAT', 'xml', '"text" or "json"'],
];

test.each(bad)('%s=%s is refused, with what is allowed', (name, value, allowed) => {
  const problems = problemsOf({ [name]: value });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatchObject({ field: name, limit: expect.stringContaining(allowed) as string });
});

test('every variable has a good and a bad case here', () => {
  const tested = (cases: readonly (readonly [string, ...unknown[]])[]) =>
    new Set(cases.map(([name]) => name));
  const listen = 'DATABASE_LISTEN_URL';
  expect(new Set([...tested(good), listen])).toEqual(new Set(Object.keys(variables)));
  expect(new Set([...tested(bad), listen])).toEqual(new Set(Object.keys(variables)));
});

test('all wrong variables are reported at once', () => {
  const problems = problemsOf({ EXECUTOR_RUNTIME: 'docker', K8S_NAMESPACE: 'A', LOG_LEVEL: 'loud' });
  expect(problems.map(({ field }) => field).sort()).toEqual([
    'EXECUTOR_RUNTIME',
    'K8S_NAMESPACE',
    'LOG_LEVEL',
  ]);
});

test('secrets in wrong values are not shown', () => {
  const problems = problemsOf({
    DATABASE_URL: 'postgre://ann:s3cr@t@h/d?password=s3cret',
    API_TOKEN: 's3cret',
  });
  expect(problems).toHaveLength(2);
  expect(JSON.stringify(problems)).not.toContain('s3cr');
  expect(withoutPassword('host=h password=s3cret dbname=d')).toBe('host=h password=*** dbname=d');
});

test('a listen connection is separate where it is given, and means nothing alone', () => {
  const both = parse({ DATABASE_URL: 'postgres://pool/d', DATABASE_LISTEN_URL: 'postgres://direct/d' });
  expect(both.database).toEqual({
    kind: 'postgres',
    url: 'postgres://pool/d',
    listenUrl: 'postgres://direct/d',
  });
  expect(problemsOf({ DATABASE_LISTEN_URL: 'postgres://direct/d' })[0]?.message).toContain(
    'without DATABASE_URL',
  );
});

test('one source of the token, not two', () => {
  const problems = problemsOf({ API_TOKEN: 'x'.repeat(20), API_TOKEN_FILE: '/run/token' });
  expect(problems).toMatchObject([{ field: 'API_TOKEN_FILE', message: 'is set beside API_TOKEN' }]);
});

test('the configuration is frozen, all the way down', () => {
  const config = parse({ EXECUTOR_TOPICS: 'a,b' });
  expect(() => Object.assign(config.executor, { batchSize: 9 })).toThrow(TypeError);
  expect(Object.isFrozen(config.executor.topics)).toBe(true);
});
