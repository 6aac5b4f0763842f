import { constants } from 'node:os';

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** `SIGSEGV (11)` for 11. */
export const signalName = (number: number): string => {
  const name = signalNames.get(number);
  return name === undefined ? `signal ${number}` : `${name} (${number})`;
};

/** What the scheduler says of nodes, and how people say it. */
const schedulerPhrases: readonly (readonly [said: RegExp, plain: string])[] = [
  [/^Insufficient (\S+)$/, 'too little free $1'],
  [/^Too many pods$/, 'as many pods as it may have'],
  [/^node\(s\) had untolerated taints? (.+)$/, 'the taint $1, which the job does not tolerate'],
  [/^node\(s\) had untolerated taint\(s\)$/, 'a taint that the job does not tolerate'],
  [
    /^node\(s\) had taint (.+), that the pod didn't tolerate$/,
    'the taint $1, which the job does not tolerate',
  ],
  [
    /^node\(s\) didn't match Pod's node affinity\/selector$/,
    'not the labels that the job’s node selector asks for',
  ],
  [
    /^node\(s\) didn't match pod (anti-)?affinity rules$/,
    'other pods that the job’s rules of $1affinity speak against',
  ],
  [/^node\(s\) were unschedulable$/, 'been closed to new pods (cordoned)'],
  [/^node\(s\) had volume node affinity conflict$/, 'no access to a volume of the job'],
];

const plainPhrase = (phrase: string): string => {
  const rule = schedulerPhrases.find(([said]) => said.test(phrase));
  return rule === undefined ? `“${phrase}”` : phrase.replace(rule[0], rule[1]).replace(/undefined/, '');
};

const available = /^(\d+)\/(\d+) nodes are available: (.*?)(?:\. |\.$|$)/s;

/**
 * Why no node takes a pod, in plain words and with the scheduler's own numbers:
 * `No node can take it: of 3 nodes, 2 have too little free memory, 1 has been closed to new pods (cordoned).`
 * What it says in a form that we do not know stays as it is.
 */
export const schedulerWords = (message: string): string => {
  const [, free, all, reasons] = available.exec(message) ?? [];
  if (reasons === undefined || free !== '0') return message;
  const parts = reasons.split(/, (?=\d+ )/).map((part) => /^(\d+) (.+)$/s.exec(part));
  if (parts.some((part) => part === null)) return message;
  const plain = parts.map((part) => {
    const [, count, phrase = ''] = part ?? [];
    return `${count} ${count === '1' ? 'has' : 'have'} ${plainPhrase(phrase)}`;
  });
  return `No node can take it: of ${all} ${all === '1' ? 'node' : 'nodes'}, ${plain.join(', ')}.`;
};

const quota = /exceeded quota: ([^,]+), requested: (.+), used: (.+), limited: (.+?)$/s;

const amounts = (list: string): ReadonlyMap<string, string> =>
  new Map(list.split(',').map((pair) => pair.trim().split('=', 2) as [string, string]));

/**
 * Which quota has no room, in plain words and with its numbers:
 * `The quota “team” of the namespace has no room: pods: 1 more is asked for, 10 of 10 are used.`
 */
export const quotaWords = (message: string): string => {
  const [, name, requested, used, limited] = quota.exec(message) ?? [];
  if (name === undefined || requested === undefined || used === undefined || limited === undefined)
    return message;
  const [now, most] = [amounts(used), amounts(limited)];
  const full = [...amounts(requested)].map(
    ([what, asked]) =>
      `${what}: ${asked} more asked for, ${now.get(what) ?? '?'} of ${most.get(what) ?? '?'} used`,
  );
  return `The quota ${name} of the namespace has no room (${full.join('; ')}).`;
};

/** Why Kubernetes makes no pod for a Job: `Kubernetes refuses the pod: no PriorityClass with name batch was found`. */
export const refusalWords = (message: string): string =>
  `Kubernetes refuses the pod: ${message.replace(/^Error creating: /, '').replace(/^pods "[^"]*" is (forbidden|invalid): /, '')}`;

/** What containerd and runc say around what went wrong, of every image and every command. */
const wrappings = [
  /Back-off pulling image "[^"]*": /,
  /ErrImagePull: /,
  /rpc error: code = \w+ desc = /,
  /failed to pull and unpack image "[^"]*": /,
  /failed to resolve reference "[^"]*": /,
  /failed to do request: /,
  /failed to create containerd task: /,
  /failed to create shim task: /,
  /OCI runtime create failed: /,
  /runc create failed: /,
  /unable to start container process: /,
  /: unknown$/,
];

const unwrapped = (message: string): string =>
  wrappings.reduce((text, wrapping) => text.replace(wrapping, ''), message).trim();

/** Why an image cannot be pulled: `The image cannot be pulled: registry.example/team/report:9: not found`. */
export const pullWords = (message: string): string => `The image cannot be pulled: ${unwrapped(message)}`;

/** Why a command cannot be started: `The command cannot be started: exec: "/no/such": no such file or directory`. */
export const startWords = (message: string): string =>
  message === '' ? 'The command cannot be started.' : `The command cannot be started: ${unwrapped(message)}`;
