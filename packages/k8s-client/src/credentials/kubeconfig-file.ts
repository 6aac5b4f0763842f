import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { OrchestratorError } from '@job-orchestrator/types';
import { parseDocument } from 'yaml';
import { child, children, refuse, requiredText, text, type Section } from './fields.ts';

/** A chosen context: its cluster, its user, and the namespace it names. */
export interface Context {
  readonly name: string;
  readonly cluster: Section;
  readonly user: Section;
  readonly namespace: string | null;
}

/** The files that `KUBECONFIG` lists, or the default one. */
export const kubeconfigPaths = (env: Readonly<Record<string, string | undefined>>): readonly string[] => {
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  return listed.length > 0 ? listed : [join(env['HOME'] ?? homedir(), '.kube', 'config')];
};

const parse = (file: string, content: string): Section => {
  const document = parseDocument(content, { prettyErrors: true });
  const [fault] = document.errors;
  if (fault !== undefined)
    return refuse(file, `line ${fault.linePos?.[0].line ?? '?'}`, fault.message.split('\n')[0] ?? '');
  const values: unknown = document.toJS({ maxAliasCount: 100 });
  if (typeof values !== 'object' || values === null || Array.isArray(values))
    return refuse(file, 'top level', 'must be a mapping');
  return { file, path: '', values: values as Record<string, unknown> };
};

const readIfThere = async (file: string): Promise<Section | null> => {
  try {
    return parse(file, await readFile(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    if (error instanceof OrchestratorError) throw error;
    return refuse(file, 'file', `cannot be read: ${(error as Error).message}`);
  }
};

/** Reads the files that exist. Throws `runtime_unavailable` when none does. */
export const readKubeconfigFiles = async (paths: readonly string[]): Promise<readonly Section[]> => {
  const found = (await Promise.all(paths.map(readIfThere))).filter((file) => file !== null);
  if (found.length > 0) return found;
  throw new OrchestratorError(
    'runtime_unavailable',
    `There is no kubeconfig: ${paths.join(', ')} does not exist. Set KUBECONFIG, or K8S_IN_CLUSTER=true inside a cluster.`,
  );
};

// As kubectl merges: the first file that names a cluster, user or context wins whole.
const named = (files: readonly Section[], list: string, name: string): Section | undefined =>
  files.flatMap((file) => children(file, list)).find((entry) => text(entry, 'name') === name);

const part = (entry: Section, key: string): Section =>
  child(entry, key) ?? refuse(entry.file, `${entry.path}.${key}`, 'is missing');

/** Finds the context by name, or the current one. Throws `invalid_configuration` naming file and field. */
export const chooseContext = (files: readonly Section[], wanted?: string): Context => {
  const holder = files.find((file) => text(file, 'current-context') !== undefined);
  const name = wanted ?? (holder === undefined ? undefined : text(holder, 'current-context'));
  const first = files[0]?.file ?? 'kubeconfig';
  if (name === undefined) return refuse(first, 'current-context', 'is missing');
  const entry =
    named(files, 'contexts', name) ??
    refuse(holder?.file ?? first, 'current-context', 'names no context', name);
  const context = part(entry, 'context');
  const find = (list: string, key: 'cluster' | 'user'): Section => {
    const target = requiredText(context, key);
    const found = named(files, list, target);
    return found === undefined
      ? refuse(context.file, `${context.path}.${key}`, `names no entry of ${list}`, target)
      : part(found, key);
  };
  return {
    name,
    cluster: find('clusters', 'cluster'),
    user: find('users', 'user'),
    namespace: text(context, 'namespace') ?? null,
  };
};
