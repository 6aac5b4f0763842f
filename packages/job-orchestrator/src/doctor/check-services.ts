import type { Client } from '@job-orchestrator/client';
import type { Access, NamespaceState } from '@job-orchestrator/k8s-client';
import type { ExecutorDto, Logger } from '@job-orchestrator/types';
import { isOrchestratorError } from '@job-orchestrator/types/errors';
import { shortId } from '@job-orchestrator/types/ids';
import { dataDirOf, type Cli, type ServerFlags } from '../commands/cli.ts';
import { withServer } from '../commands/session.ts';
import type { Config } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import { withoutPassword } from '../config/parse-config.ts';
import { findServer } from '../discovery/find-server.ts';
import { exitCodes } from '../output/exit-codes.ts';
import { systemClock } from '../system-clock.ts';
import { fault, ok, skipped, warning, type Finding } from './finding.ts';

const quiet: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const asFault = (check: string, error: unknown): Finding =>
  isOrchestratorError(error)
    ? fault(check, [error.message, ...error.problems.map(({ message }) => message)].join(': '), error.hint)
    : fault(
        check,
        error instanceof Error ? error.message : String(error),
        'this is a fault of ours; please report it',
      );

/** Before the first start no server is there to be asked: that is no fault. Null: one is named. */
const noServerYet = async ({ environment }: Cli, flags: ServerFlags): Promise<Finding | null> => {
  const options = { ...flags, dataDir: dataDirOf(flags, environment) };
  const error: unknown = await findServer(options, environment).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!isOrchestratorError(error) || error.code !== 'server_unreachable') return null;
  const role = environment['DATABASE_URL'] ? 'serve' : 'dev';
  return warning('server', error.message, `start one: job-orchestrator ${role}; or name one with --server`);
};

/** What an executor cannot work on. Exported for its test. */
export const setAsideFindings = ({
  name,
  setAside,
}: Pick<ExecutorDto, 'name' | 'setAside'>): readonly Finding[] =>
  setAside.map(({ kind, jobId, name: what, message }) => {
    const job = jobId === null ? '' : ` of job ${shortId(jobId)}`;
    const mend =
      kind === 'object'
        ? 'mend or delete it in the namespace of the jobs'
        : `its log says more; please report it, with \`describe job ${shortId(jobId ?? what)}\``;
    return warning(
      'set aside',
      `${name}: ${kind === 'object' ? what : 'an attempt'}${job}: ${message}`,
      mend,
    );
  });

/** What a server that is ready says of itself and of its executors. */
const readyFindings = async (client: Client): Promise<readonly Finding[]> => {
  const { version, runtime, database } = await client.installation();
  const live = (await client.listExecutors()).items.filter((executor) => executor.live);
  return [
    ok('token', `accepted; the server is ${version}, ${runtime}, ${database}`),
    live.length > 0
      ? ok('executors', `${live.length} live`)
      : warning('executors', 'none is live: jobs wait', 'start one: job-orchestrator executor'),
    ...live.flatMap(setAsideFindings),
  ];
};

/** A server answers, is ready, and takes our token. One that is not ready is asked nothing more: it would fail alike. */
export const checkServer = async (cli: Cli, flags: ServerFlags): Promise<readonly Finding[]> => {
  const missing = await noServerYet(cli, flags);
  if (missing !== null) return [missing];
  const findings: Finding[] = [];
  try {
    await withServer(cli, flags, async ({ client, server }) => {
      const { ready } = await client.readyz();
      if (!ready)
        findings.push(
          fault(
            'server',
            `${server.url} is not ready`,
            'see its log: most often its database does not answer',
          ),
        );
      else {
        findings.push(ok('server', `${server.url} (from the ${server.source}) is ready`));
        findings.push(...(await readyFindings(client)));
      }
      return exitCodes.ok;
    });
  } catch (error) {
    if (isOrchestratorError(error) && error.code === 'unauthorized')
      return [...findings, asFault('token', error)];
    return [asFault('server', error)];
  }
  return findings;
};

/** The database that DATABASE_URL names answers and has our schema. */
export const checkDatabase = async (config: Config): Promise<readonly Finding[]> => {
  if (config.database.kind === 'embedded')
    return [skipped('database', 'DATABASE_URL is not set: `dev` and `serve` use the embedded one')];
  const { url, listenUrl } = config.database;
  try {
    const { openDatabase } = await import('@job-orchestrator/postgres');
    const database = await openDatabase({ kind: 'postgres', url, listenUrl, poolSize: 1, log: quiet });
    try {
      await database.ping();
    } finally {
      await database.close();
    }
    return [ok('database', `${withoutPassword(url)} answers, and its schema fits`)];
  } catch (error) {
    return [asFault('database', error)];
  }
};

/** Kubernetes is checked where somebody means to use it. */
const meansKubernetes = (config: Config, environment: Environment): boolean =>
  config.runtime === 'kubernetes' &&
  (config.kubernetes.inCluster ||
    config.database.kind === 'postgres' ||
    ['EXECUTOR_RUNTIME', 'K8S_NAMESPACE', 'KUBECONFIG'].some((name) => Boolean(environment[name])));

const namespaceFinding = (namespace: string, state: NamespaceState): Finding => {
  if (state === 'missing')
    return fault(
      'namespace',
      `${namespace} does not exist`,
      `make it (deploy/rights.yaml makes one with the rights that it takes; or: kubectl create namespace ${namespace}), or set K8S_NAMESPACE to one that is there`,
    );
  if (state === 'going')
    return fault(
      'namespace',
      `${namespace} is being deleted: nothing can be made in it`,
      'make it anew when it is gone, or set K8S_NAMESPACE to another one',
    );
  return namespace === 'default'
    ? warning(
        'namespace',
        'jobs run in `default`: whoever submits them can use its Secrets',
        'make a namespace for them and set K8S_NAMESPACE',
      )
    : ok('namespace', namespace);
};

const bindRole = 'bind a Role with them (tokenreviews: a ClusterRole) to this user or service account';

/** Who has no right at all in a namespace cannot learn whether it is there. */
const rightsFinding = ({ rights, namespace: state }: Access, namespace: string): Finding => {
  if (state === 'missing') return skipped('kubernetes rights', 'bound to a namespace, which is not there');
  const missing = rights.filter(({ allowed }) => !allowed).map(({ right }) => right);
  if (missing.length === 0) return ok('kubernetes rights', `all ${rights.length} in ${namespace}`);
  const first = state === 'unknown' ? `check that ${namespace} exists, then ` : '';
  return fault('kubernetes rights', `missing in ${namespace}: ${missing.join(', ')}`, `${first}${bindRole}`);
};

/** Whether outputs leave their pods, and how. */
const outputsFinding = ({ collector }: Config): Finding => {
  const { image, serviceUrl, listen } = collector;
  if (image === null)
    return warning(
      'outputs',
      'jobs that declare an output are refused',
      'set OUTPUT_COLLECTOR_IMAGE for executor and API',
    );
  if (serviceUrl === null && listen !== null)
    return warning(
      'outputs',
      'the API takes outputs, but no collector is told where',
      'set API_SERVICE_URL for the executor to the address that leads to COLLECTOR_LISTEN',
    );
  return ok(
    'outputs',
    serviceUrl === null ? 'read from the logs of their collectors' : `delivered to ${serviceUrl}`,
  );
};

/** Kubernetes answers, and we may do there what running jobs takes. */
export const checkKubernetes = async (
  config: Config,
  environment: Environment,
): Promise<readonly Finding[]> => {
  if (!meansKubernetes(config, environment))
    return [skipped('kubernetes', 'nothing here is set up to use it')];
  const { namespace, inCluster } = config.kubernetes;
  try {
    const { checkAccess, loadCredentials } = await import('@job-orchestrator/k8s-client');
    const credentials = await loadCredentials({ inCluster, env: environment, clock: systemClock });
    const collectors = config.collector.listen !== null;
    const access = await checkAccess({ credentials, namespace, collectors });
    return [
      ok('kubernetes', `${credentials.server} answers (${credentials.source})`),
      namespaceFinding(namespace, access.namespace),
      rightsFinding(access, namespace),
      outputsFinding(config),
    ];
  } catch (error) {
    return [asFault('kubernetes', error)];
  }
};
