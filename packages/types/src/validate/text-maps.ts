import type { Problem } from '../errors/problems.ts';
import { fieldPath } from '../json/check-json.ts';
import { envNamePattern, labelKeyPattern, labelValuePattern } from '../schemas/submission.ts';
import { limits } from '../vocabulary/limits.ts';

type Path = readonly (string | number)[];
type TextMap = Readonly<Record<string, string>>;

const bytesOf = (text: string): number => Buffer.byteLength(text, 'utf8');
const shown = (text: string): string => (text.length > 64 ? `${text.slice(0, 61)}…` : text);

const envName = new RegExp(envNamePattern);
/** Ours: a submitter who could set them could speak for us. */
const reservedEnv = /^JOB_ORCHESTRATOR_/;

const envEntryProblem = (name: string, value: string): Omit<Problem, 'field'> | null => {
  if (name.length > limits.envNameChars)
    return {
      message: `has a name of more than ${limits.envNameChars} characters`,
      limit: limits.envNameChars,
    };
  if (!envName.test(name))
    return {
      message: 'must be named with letters, digits and _, and not begin with a digit',
      value: shown(name),
    };
  if (reservedEnv.test(name))
    return { message: 'is reserved: JOB_ORCHESTRATOR_… is set by us', value: shown(name) };
  const bytes = bytesOf(name) + bytesOf(value);
  const message = `must be at most ${limits.envEntryBytes} bytes, name and value together`;
  return bytes > limits.envEntryBytes ? { message, limit: limits.envEntryBytes, value: String(bytes) } : null;
};

const totalBytes = (map: TextMap): number =>
  Object.entries(map).reduce((sum, [name, value]) => sum + bytesOf(name) + bytesOf(value) + 2, 0);

const entryProblems = (
  map: TextMap,
  path: Path,
  problemOf: (key: string, value: string) => Omit<Problem, 'field'> | null,
): Problem[] =>
  Object.entries(map).flatMap(([key, value]) => {
    const problem = problemOf(key, value);
    return problem === null ? [] : [{ field: fieldPath([...path, shown(key)]), ...problem }];
  });

const tooMany = (map: TextMap, path: Path, limit: number): Problem[] =>
  Object.keys(map).length > limit
    ? [
        {
          field: fieldPath(path),
          message: `must have at most ${limit} entries`,
          limit,
          value: String(Object.keys(map).length),
        },
      ]
    : [];

/** What is wrong with environment variables: names, our prefix, each size, and the size of all. */
export const envProblems = (env: TextMap | undefined, path: Path): readonly Problem[] => {
  if (env === undefined) return [];
  const problems = [...tooMany(env, path, limits.envCount), ...entryProblems(env, path, envEntryProblem)];
  const total = totalBytes(env);
  if (total > limits.envTotalBytes) {
    const message = `must be at most ${limits.envTotalBytes} bytes in all`;
    problems.push({ field: fieldPath(path), message, limit: limits.envTotalBytes, value: String(total) });
  }
  return problems;
};

/** What is wrong with variables that come from Secrets: their names, their number, and what `env` says too. */
export const secretEnvProblems = (
  secretEnv: TextMap | undefined,
  env: TextMap | undefined,
  path: Path,
): readonly Problem[] => {
  if (secretEnv === undefined) return [];
  const twice = (name: string): Omit<Problem, 'field'> | null =>
    Object.hasOwn(env ?? {}, name) ? { message: 'stands in env too', value: shown(name) } : null;
  return [
    ...tooMany(secretEnv, path, limits.envCount),
    ...entryProblems(secretEnv, path, (name) => envEntryProblem(name, '') ?? twice(name)),
  ];
};

const labelKey = new RegExp(labelKeyPattern);
const labelValue = new RegExp(labelValuePattern);
/**
 * Prefixes that Kubernetes, its projects (Kueue's `priority-class` would let a job pass all others) or we give a meaning to;
 * Kueue's queue name is the user's to choose.
 */
const reservedLabel = /^([^/]*\.)?(kubernetes\.io|(x-)?k8s\.io|job-orchestrator\.io)\//;
/** Older names without a prefix that the API server sets on every Job: it refuses a Job that brings its own. */
const jobControllerLabels = new Set(['job-name', 'controller-uid']);
/** Kueue's label of a Job that waits for its quota. */
export const localQueueLabel = 'kueue.x-k8s.io/queue-name';
const allowedLabels = new Set([localQueueLabel]);

const labelText = (chars: number): string =>
  `at most ${chars} letters, digits, '-', '_' and '.', beginning and ending with a letter or digit`;

export const notALabelKey = `has a key that is no label key: ${labelText(limits.labelKeyChars)}, after a prefix if any (example.com/team)`;
export const notALabelValue = `has a value that is no label value: ${labelText(limits.labelValueChars)}`;

export const isLabelKey = (key: string): boolean => {
  const [name, prefix = ''] = key.split('/').toReversed();
  return (
    (name ?? '').length <= limits.labelKeyChars &&
    prefix.length <= limits.kubernetesNameChars &&
    labelKey.test(key)
  );
};

export const isLabelValue = (value: string): boolean =>
  value.length <= limits.labelValueChars && labelValue.test(value);

const labelEntryProblem = (key: string, value: string): Omit<Problem, 'field'> | null => {
  if (!isLabelKey(key)) return { message: notALabelKey, value: shown(key) };
  if (reservedLabel.test(key) && !allowedLabels.has(key))
    return {
      message: 'uses a prefix that is reserved for Kubernetes and Job Orchestrator',
      value: shown(key),
    };
  if (jobControllerLabels.has(key))
    return { message: 'is reserved: Kubernetes sets it on every Job', value: shown(key) };
  return isLabelValue(value) ? null : { message: notALabelValue, value: shown(value) };
};

/** What is wrong with labels: Kubernetes' own rules for keys and values, reserved prefixes, how many. */
export const labelProblems = (labels: TextMap | undefined, path: Path): readonly Problem[] =>
  labels === undefined
    ? []
    : [...tooMany(labels, path, limits.labelCount), ...entryProblems(labels, path, labelEntryProblem)];

/** `localQueue` and Kueue's own label are two ways to say one thing. */
export const localQueueProblems = (
  { localQueue, labels }: { readonly localQueue?: string; readonly labels?: TextMap },
  path: Path,
): readonly Problem[] => {
  const label = labels?.[localQueueLabel];
  if (localQueue === undefined || label === undefined || label === localQueue) return [];
  const message = `is not what the label ${localQueueLabel} says (${shown(label)}); give one of them`;
  return [{ field: fieldPath([...path, 'localQueue']), message, value: localQueue }];
};

/** A node's labels are Kubernetes' own, so that no prefix is reserved here. */
const selectorEntryProblem = (key: string, value: string): Omit<Problem, 'field'> | null => {
  if (!isLabelKey(key)) return { message: notALabelKey, value: shown(key) };
  return isLabelValue(value) ? null : { message: notALabelValue, value: shown(value) };
};

/** What is wrong with the labels that a node must have. */
export const nodeSelectorProblems = (labels: TextMap | undefined, path: Path): readonly Problem[] =>
  labels === undefined
    ? []
    : [...tooMany(labels, path, limits.labelCount), ...entryProblems(labels, path, selectorEntryProblem)];
