import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { Environment, Running } from './binary.ts';
import type { KubernetesInstallation } from './kubernetes-installation.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

/** An executor with a network of its own: what lies between it and the database, and it and the API server. */
export interface NetworkedExecutor {
  readonly name: string;
  readonly database: TcpProxy;
  readonly kubernetes: TcpProxy;
  start(): Running;
}

interface Kubeconfig {
  readonly clusters: [{ readonly name: string; readonly cluster: { readonly server: string } }];
}

/** The same credentials for another address; the server's certificate is checked for the name that it has. */
const redirected = (config: Kubeconfig, port: number): Kubeconfig => {
  const [{ name, cluster }] = config.clusters;
  const server = new URL(cluster.server);
  const known = { 'tls-server-name': server.hostname, ...cluster };
  return { ...config, clusters: [{ name, cluster: { ...known, server: `https://127.0.0.1:${port}` } }] };
};

/** Puts proxies before both servers of an executor of this installation. `settings` go to the executor. */
export const behindProxies = async (
  { environment, namespace, start }: KubernetesInstallation,
  name: string,
  settings: Environment = {},
): Promise<NetworkedExecutor> => {
  const config = JSON.parse(await readFile(namespace.kubeconfig, 'utf8')) as Kubeconfig;
  const server = new URL(config.clusters[0].cluster.server);
  const database = new URL(environment['DATABASE_URL'] ?? '');
  const proxies = {
    database: await startTcpProxy({ host: database.hostname, port: Number(database.port) }),
    kubernetes: await startTcpProxy({ host: server.hostname, port: Number(server.port || 443) }),
  };
  database.hostname = '127.0.0.1';
  database.port = String(proxies.database.port);
  const kubeconfig = `${namespace.kubeconfig}-${name}`;
  await writeFile(kubeconfig, JSON.stringify(redirected(config, proxies.kubernetes.port)), { mode: 0o600 });
  const own = {
    DATABASE_URL: database.href,
    KUBECONFIG: kubeconfig,
    EXECUTOR_INSTANCE_ID: name,
    ...settings,
  };
  return { name, ...proxies, start: () => start(['executor'], own) };
};

/** A door to the API server that speaks plain HTTP, so that a test sees what is said; as the administrator. */
export const startPlainApiServer = async (): Promise<{ port: number; stop(): void }> => {
  const door = spawn('kubectl', ['proxy', '--port=0', '--address=127.0.0.1']);
  const [line] = (await once(door.stdout, 'data')) as [Buffer];
  const port = Number(/:(\d+)\s*$/.exec(line.toString())?.[1]);
  return { port, stop: () => void door.kill() };
};
