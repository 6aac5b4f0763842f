import type { AttemptLaunch } from '@job-orchestrator/types';
import { attemptPaths } from '../attempt/folder.ts';
import { markerVariable } from '../processes/sweep.ts';

/**
 * All that a job inherits from our environment. Everything else stays with us, DATABASE_URL and tokens first of all;
 * what a job needs besides is written in its `env`.
 */
export const inheritedVariables = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'TMPDIR',
  'TZ',
  'LANG',
] as const;

/** Locale settings go with LANG. */
const inheritedPattern = /^LC_[A-Z]+$/;

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

type Variables = Readonly<Record<string, string>>;

const isInherited = (name: string): boolean =>
  (inheritedVariables as readonly string[]).includes(name) || inheritedPattern.test(name);

const inherited = (ours: NodeJS.ProcessEnv): Record<string, string> => {
  return Object.fromEntries(
    Object.entries(ours).filter(
      (pair): pair is [string, string] => pair[1] !== undefined && isInherited(pair[0]),
    ),
  );
};

const given = (launch: AttemptLaunch, folder: string): Record<string, string> => ({
  JOB_ORCHESTRATOR_JOB_ID: launch.jobId,
  JOB_ORCHESTRATOR_ATTEMPT: String(launch.attemptNumber),
  [markerVariable]: launch.attemptId,
  JOB_ORCHESTRATOR_INPUT: attemptPaths(folder).inputs,
  ...(launch.spec.output ? { JOB_ORCHESTRATOR_OUTPUT: attemptPaths(folder).output } : {}),
});

/** The environment of an attempt: ours by the list above, then the job's with its secrets, then what we give. */
export const attemptEnvironment = (
  launch: AttemptLaunch,
  folder: string,
  ours: NodeJS.ProcessEnv,
  secrets: Variables,
): Variables => ({
  PATH: defaultPath,
  ...inherited(ours),
  ...launch.spec.env,
  ...secrets,
  ...given(launch, folder),
});

/** Variables that a shell sets, refuses or drops: they must not pass through the shim's shells. */
const shellOwned =
  /^(IFS|PWD|OLDPWD|PPID|UID|EUID|GROUPS|SHLVL|_|OPT(IND|ARG|ERR)|RANDOM|SRANDOM|EPOCH(REALTIME|SECONDS)|SECONDS|LINENO|HIST(CMD|FILE)|ENV|PS[0-9]|SHELLOPTS|POSIXLY_CORRECT|FUNCNAME|DIRSTACK|PIPESTATUS|HOSTNAME|HOSTTYPE|MACHTYPE|OSTYPE|TERM|COLUMNS|LINES|BASH.*)$/;

/** True for a variable that would have to stand among the words of a command, where everybody can read it. */
export const isShellOwned = (name: string): boolean => shellOwned.test(name);

/** Divides an environment into what the shim may carry and the words for env(1) that set the rest exactly. */
export const divideEnvironment = (
  environment: Variables,
): { carried: Variables; words: readonly string[] } => {
  const pairs = Object.entries(environment);
  return {
    carried: Object.fromEntries(pairs.filter(([name]) => !isShellOwned(name))),
    words: pairs.filter(([name]) => isShellOwned(name)).map(([name, value]) => `${name}=${value}`),
  };
};
