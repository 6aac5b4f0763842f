import type { Executor } from '@job-orchestrator/executor-core';
import type { CollectorSettings, Credentials } from '@job-orchestrator/k8s-client';
import type { Database, InstallationId, JobRuntime, Logger, LogSource } from '@job-orchestrator/types';
import { newDagRunId, newIncarnationId, newJobId } from '@job-orchestrator/types/ids';
import type { Config } from '../config/config.ts';
import { listenWarning } from '../config/settings-warnings.ts';
import { makeDataFolder } from '../discovery/data-folder.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { systemClock, systemRandom } from '../system-clock.ts';
import { version } from '../version.ts';
import type { Closers } from './closers.ts';
import { startUpkeep } from './upkeep.ts';

/** What every role of a server shares. */
export interface Context {
  readonly config: Config;
  readonly log: Logger;
  readonly closers: Closers;
  readonly database: Database;
  readonly installation: InstallationId;
}

export type Runtime = JobRuntime & LogSource;

/** Another process took the folder over while this one stood still; closing properly would write into what is theirs. */
const leave =
  (log: Logger) =>
  (error: Error): never => {
    log.error({ error: error.message }, 'the data folder belongs to another process now; this one ends');
    process.exit(exitCodes.conflict);
  };

const databaseOptions = (config: Config, log: Logger) =>
  config.database.kind === 'postgres'
    ? ({ ...config.database, historyMonths: config.historyMonths, log } as const)
    : ({
        kind: 'embedded',
        dataDir: config.dataDir,
        historyMonths: config.historyMonths,
        log,
        onLost: leave(log),
      } as const);

/** Opens the database that the configuration names. Throws what `openDatabase` throws, such as `schema_outdated`. */
export const openContext = async (config: Config, log: Logger, closers: Closers): Promise<Context> => {
  const { openDatabase } = await import('@job-orchestrator/postgres');
  if (config.database.kind === 'embedded') await makeDataFolder(config.dataDir);
  const database = await openDatabase(databaseOptions(config, log));
  closers.add('the database', () => database.close());
  const embedded = config.database.kind === 'embedded';
  const stopUpkeep = startUpkeep({ database, clock: systemClock, log, embedded });
  closers.add('the upkeep', async () => stopUpkeep());
  return { config, log, closers, database, installation: await database.queue.installation() };
};

/** Who we are to Kubernetes. Throws `invalid_configuration`, `runtime_unavailable`. */
export const credentialsOf = async ({ config }: Context): Promise<Credentials> => {
  const { loadCredentials } = await import('@job-orchestrator/k8s-client');
  return loadCredentials({ inCluster: config.kubernetes.inCluster, env: process.env, clock: systemClock });
};

const collectorOf = ({ collector }: Config): CollectorSettings | null =>
  collector.image === null
    ? null
    : { image: collector.image, serviceUrl: collector.serviceUrl, limits: collector.limits };

const openKubernetes = async (context: Context): Promise<Runtime> => {
  const { createKubernetesRuntime } = await import('@job-orchestrator/k8s-client');
  const { config, installation, log } = context;
  const { namespace } = config.kubernetes;
  if (namespace === 'default')
    log.warn(
      { K8S_NAMESPACE: namespace },
      'jobs run in the namespace `default`: whoever submits them can use its Secrets; give them one of their own',
    );
  const credentials = await credentialsOf(context);
  return createKubernetesRuntime({
    namespace,
    credentials,
    installation,
    log,
    clock: systemClock,
    collector: collectorOf(config),
    launchesPerSecond: config.executor.launchRatePerSecond,
  });
};

const openProcesses = async ({ config, installation, log }: Context): Promise<Runtime> => {
  const { createProcessRuntime } = await import('@job-orchestrator/local-runtime');
  const dataDir = await makeDataFolder(config.dataDir);
  const outputLimits = config.collector.limits;
  return createProcessRuntime({ dataDir, installation, log, clock: systemClock, outputLimits });
};

/** Opens what runs the jobs; nothing is watched until an executor starts it. */
export const openRuntime = async (context: Context): Promise<Runtime> => {
  const runtime = await (context.config.runtime === 'process'
    ? openProcesses(context)
    : openKubernetes(context));
  context.closers.add('the runtime', () => runtime.close());
  return runtime;
};

/** What can read live logs, without the rights or the watches that running jobs takes. */
export const openLogs = async (context: Context): Promise<LogSource> => {
  if (context.config.runtime === 'process') return openRuntime(context);
  const { createKubernetesLogs } = await import('@job-orchestrator/k8s-client');
  const credentials = await credentialsOf(context);
  const { namespace } = context.config.kubernetes;
  const logs = createKubernetesLogs({ namespace, credentials, clock: systemClock });
  context.closers.add('the reader of logs', () => logs.close());
  return logs;
};

/** How long an executor may take to record what it has in hand before it gives up its lease. Milliseconds. */
export const drainMs = 10_000;

/** Starts claiming and running jobs. */
export const startExecutor = async (context: Context, runtime: Runtime): Promise<Executor> => {
  const { createExecutor } = await import('@job-orchestrator/executor-core');
  const { config, database, log } = context;
  const executor = createExecutor({
    database,
    runtime,
    clock: systemClock,
    random: systemRandom,
    log,
    newIncarnation: newIncarnationId,
    config: { ...config.executor, sole: config.database.kind === 'embedded', version },
  });
  context.closers.add('the executor', async () => executor.stop());
  await executor.start();
  return executor;
};

/** Starts advancing DAG runs, and starting those of schedules. */
export const startDags = async ({ closers, config, database, log }: Context): Promise<void> => {
  const dags = await import('@job-orchestrator/dag-orchestrator');
  const { pollIntervalMs } = config.executor;
  const ids = { newJobId, newDagRunId };
  const common = { clock: systemClock, log, pollIntervalMs };
  const orchestrator = dags.createDagOrchestrator({ ...common, database, ...ids });
  closers.add('the DAG orchestrator', () => orchestrator.stop());
  orchestrator.start();
  // Whether outputs can be collected was asked when the schedule was made: where only this role runs, nobody says.
  const rules = { dagRules: dags.dagRules, outputsSupported: true, autoRegisterImages: false };
  const scheduler = dags.createScheduler({
    ...common,
    operations: { ...rules, database, ...ids },
  });
  closers.add('the scheduler', () => scheduler.stop());
  scheduler.start();
};

export interface ApiOptions {
  readonly logs: LogSource | null;
  readonly token: string;
  readonly autoRegisterImages: boolean;
}

/** Serves the HTTP API; returns the address that it can be reached at. Throws `invalid_configuration`. */
export const startApi = async (context: Context, options: ApiOptions): Promise<string> => {
  const { createApiServer } = await import('@job-orchestrator/api-server');
  const { dagRules } = await import('@job-orchestrator/dag-orchestrator');
  const { config, database, installation, log } = context;
  const server = createApiServer({
    ...options,
    database,
    databaseKind: config.database.kind,
    installation,
    runtimeKind: config.runtime,
    dagRules,
    outputsSupported: config.runtime === 'process' || config.collector.image !== null,
    version,
    log,
  });
  const risk = listenWarning(config.api.listen.host, config.runtime);
  if (risk !== null) log.warn({}, risk);
  context.closers.add('the API', () => server.close());
  return (await server.listen({ ...config.api.listen })).url;
};
