import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Clock } from '@job-orchestrator/types';
import type { Credentials, IdentitySource, TlsMaterial } from './credentials.ts';
import { execSource, type ExecSettings } from './exec-plugin.ts';
import { child, children, flag, refuse, requiredText, text, texts, type Section } from './fields.ts';
import { fixedSource, tokenFileSource } from './identity-sources.ts';
import type { Context } from './kubeconfig-file.ts';

// Paths in a kubeconfig are relative to the file that holds them.
const locate = (section: Section, path: string): string => resolve(dirname(section.file), path);

/** PEM from `NAME-data` (base64) or from the file that `NAME` points to; the data wins, as in kubectl. */
const pem = async (section: Section, key: string): Promise<string | undefined> => {
  const data = text(section, `${key}-data`);
  const field = `${section.path}.${data === undefined ? key : `${key}-data`}`;
  const path = text(section, key);
  if (data === undefined && path === undefined) return undefined;
  const content =
    data === undefined
      ? await readFile(locate(section, path ?? ''), 'utf8').catch((error: Error) =>
          refuse(section.file, field, `cannot be read: ${error.message}`),
        )
      : Buffer.from(data, 'base64').toString('utf8');
  return content.includes('-----BEGIN') ? content : refuse(section.file, field, 'holds no PEM block');
};

const refuseUnsupported = (section: Section, keys: readonly string[]): void => {
  for (const key of keys) {
    if (section.values[key] !== undefined)
      refuse(section.file, `${section.path}.${key}`, 'is not supported here');
  }
};

const serverOf = (cluster: Section): string => {
  const server = requiredText(cluster, 'server');
  if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol)) {
    refuse(cluster.file, `${cluster.path}.server`, 'must be an http or https address', server);
  }
  return server;
};

const clusterTls = async (cluster: Section): Promise<TlsMaterial> => {
  refuseUnsupported(cluster, ['proxy-url']);
  const ca = await pem(cluster, 'certificate-authority');
  const serverName = text(cluster, 'tls-server-name');
  const insecure = flag(cluster, 'insecure-skip-tls-verify');
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(insecure ? { insecure } : {}),
  };
};

const execSettings = (exec: Section, server: string, tls: TlsMaterial): ExecSettings => {
  const command = requiredText(exec, 'command');
  const apiVersion = requiredText(exec, 'apiVersion');
  if (!/^client\.authentication\.k8s\.io\/v1(beta1)?$/.test(apiVersion)) {
    refuse(
      exec.file,
      `${exec.path}.apiVersion`,
      'must be client.authentication.k8s.io/v1 or v1beta1',
      apiVersion,
    );
  }
  if (text(exec, 'interactiveMode') === 'Always') {
    refuse(exec.file, `${exec.path}.interactiveMode`, 'is Always, but nobody is here to answer');
  }
  return {
    command: command.includes('/') ? locate(exec, command) : command,
    apiVersion,
    args: texts(exec, 'args'),
    env: Object.fromEntries(
      children(exec, 'env').map((entry) => [requiredText(entry, 'name'), text(entry, 'value') ?? '']),
    ),
    installHint: text(exec, 'installHint') ?? null,
    origin: `${exec.file}: ${exec.path}`,
    cluster: flag(exec, 'provideClusterInfo')
      ? { server, ...(tls.ca === undefined ? {} : { ca: tls.ca }) }
      : null,
  };
};

const identitySource = async (
  user: Section,
  server: string,
  tls: TlsMaterial,
  clock: Clock,
): Promise<IdentitySource> => {
  refuseUnsupported(user, [
    'auth-provider',
    'username',
    'password',
    'as',
    'as-uid',
    'as-groups',
    'as-user-extra',
  ]);
  const exec = child(user, 'exec');
  if (exec !== undefined) return execSource(execSettings(exec, server, tls), clock);
  const tokenFile = text(user, 'tokenFile');
  if (tokenFile !== undefined)
    return tokenFileSource(locate(user, tokenFile), `${user.file}: ${user.path}.tokenFile`, clock);
  const [token, cert, key] = [
    text(user, 'token'),
    await pem(user, 'client-certificate'),
    await pem(user, 'client-key'),
  ];
  if ((cert === undefined) !== (key === undefined)) {
    refuse(
      user.file,
      user.path,
      'has a client certificate without its key, or a key without its certificate',
    );
  }
  return fixedSource({
    ...(token === undefined ? {} : { token }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
};

/** The credentials of a chosen context. Throws `invalid_configuration` naming file and field. */
export const contextCredentials = async (context: Context, clock: Clock): Promise<Credentials> => {
  const server = serverOf(context.cluster);
  const tls = await clusterTls(context.cluster);
  const source = await identitySource(context.user, server, tls, clock);
  return {
    server,
    source: `context ${context.name} of ${context.cluster.file}`,
    identity: async () => {
      const { headers = {}, ...certificate } = await source.get();
      return { headers, tls: { ...tls, ...certificate } };
    },
    invalidate: () => source.invalidate(),
  };
};
