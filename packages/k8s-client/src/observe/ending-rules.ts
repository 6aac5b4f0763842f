import { failure, type Failure, type FailureReason } from '@job-orchestrator/types';
import { signalName, startWords } from './plain-words.ts';
import type { ConditionView, ContainerState, ContainerView, PodView } from './views.ts';

type Terminated = Extract<ContainerState, { kind: 'terminated' }>;

/** What is known of a pod that has ended. */
interface EndFacts {
  readonly pod: PodView;
  readonly main: Terminated | null;
  readonly exitCode: number | null;
  readonly disruption: ConditionView | null;
  /** Its deletion was asked for before its end was seen. */
  readonly removed: boolean;
  readonly failedInit: ContainerView | null;
}

interface EndRule {
  readonly name: string;
  readonly applies: (facts: EndFacts) => boolean;
  readonly reason: FailureReason;
  readonly message: (facts: EndFacts) => string;
}

const said = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => (part ?? '') !== '').join(': ');
const ownLimit = /exceeds the .*limit|exceeded .*limit|exceeds the limit|usage of EmptyDir/i;
const nodeRefusal =
  /^(UnexpectedAdmissionError|NodeAffinity|OutOf|NodeNotReady|TopologyAffinityError|InvalidNodeInfo|PodOSNotSupported)/;
const nodeEnd = /^(NodeShutdown|Shutdown|Terminated|NodeLost|Preempting|NodeFailure)$/;
const podSaid = ({ pod }: EndFacts): string => said(pod.reason, pod.message);
const describeExit = ({ main }: EndFacts): string =>
  `The program ended with exit code ${main?.exitCode}${main?.reason && main.reason !== 'Error' ? ` (${main.reason})` : ''}.`;

const describeMemory = (facts: EndFacts): string => {
  const { memoryLimit } = facts.pod;
  const limit = memoryLimit === null ? 'there was' : `its limit of ${memoryLimit}`;
  return `The kernel killed the program for using more memory than ${limit} (exit code ${facts.exitCode}).`;
};
const describeInit = (failed: ContainerView | null): string => {
  const ended = failed?.state.kind === 'terminated' ? failed.state : null;
  const how = ended === null ? 'failed' : `ended with exit code ${ended.exitCode} (${ended.reason})`;
  return `The init container ${failed?.name ?? ''}, which is not ours, ${how}; the program did not start.`;
};
/**
 * The runtime has a container by then: runc says on its output, in its only line, that Linux would not run the program
 * (E2BIG), and ends with 1 as a program would.
 */
const isTooLarge = ({ message }: Terminated): boolean =>
  /^exec \S+: argument list too long\s*$/.test(message);
const couldNotStart = ({ reason }: Terminated): boolean =>
  /^(StartError|ContainerCannotRun|RunContainerError)$/.test(reason);
/** True where the program never ran: the exit code is then that of what was to start it (runc's 128, or 1). */
export const neverRan = (main: Terminated): boolean => couldNotStart(main) || isTooLarge(main);
const signalOf = (main: Terminated | null): number => main?.signal || (main?.exitCode ?? 0) - 128;

/** The judgement of an ended pod, in the order of design §8; the first rule that fits decides, none means success. */
export const endRules: readonly EndRule[] = [
  {
    name: 'ended with 0 while disrupted',
    applies: ({ disruption, exitCode }) => disruption !== null && exitCode === 0,
    reason: 'suspect_success',
    message: ({ disruption }) =>
      said('The program ended with 0 while its pod was disrupted', disruption?.reason, disruption?.message),
  },
  {
    name: 'evicted by its node',
    applies: ({ disruption, pod }) => disruption !== null && pod.reason === 'Evicted',
    reason: 'evicted',
    message: podSaid,
  },
  {
    name: 'disrupted',
    applies: ({ disruption }) => disruption !== null,
    reason: 'disrupted',
    message: ({ disruption }) => said(disruption?.reason, disruption?.message) || 'The pod was disrupted.',
  },
  {
    name: 'evicted for its own limit',
    applies: ({ pod }) => pod.reason === 'Evicted' && ownLimit.test(pod.message),
    reason: 'own_limit_exceeded',
    message: podSaid,
  },
  {
    name: 'ended with 0 while its node removed it',
    applies: ({ pod, exitCode }) => exitCode === 0 && (pod.reason === 'Evicted' || nodeEnd.test(pod.reason)),
    reason: 'suspect_success',
    message: podSaid,
  },
  { name: 'evicted', applies: ({ pod }) => pod.reason === 'Evicted', reason: 'evicted', message: podSaid },
  {
    name: 'pod deadline',
    applies: ({ pod }) => pod.reason === 'DeadlineExceeded',
    reason: 'run_deadline',
    message: podSaid,
  },
  {
    name: 'not admitted by the node',
    applies: ({ pod }) => nodeRefusal.test(pod.reason),
    reason: 'node_refused',
    message: podSaid,
  },
  {
    name: 'node went down',
    applies: ({ pod }) => nodeEnd.test(pod.reason),
    reason: 'disrupted',
    message: podSaid,
  },
  {
    name: 'an init container failed',
    applies: ({ failedInit, main }) => failedInit !== null && main === null,
    reason: 'init_failed',
    message: ({ failedInit }) => describeInit(failedInit),
  },
  {
    name: 'ended with 0 while removed',
    applies: ({ removed, exitCode }) => removed && exitCode === 0,
    reason: 'suspect_success',
    message: () => 'The program ended with 0 after its pod was asked to go.',
  },
  {
    name: 'out of memory',
    // The reason is kept of any process of the container and of any time before, so that the exit code has to agree: a
    // program that outlived a killed child and ended well did well, and 143 is somebody's SIGTERM (kubernetes#140718).
    applies: ({ main }) => main?.reason === 'OOMKilled' && main.exitCode !== 0 && main.exitCode !== 143,
    reason: 'oom_killed',
    message: describeMemory,
  },
  {
    name: 'deleted by somebody',
    applies: ({ removed }) => removed,
    reason: 'object_deleted',
    message: ({ main }) =>
      `Somebody deleted the pod before its program had ended${main === null ? '' : ` (exit code ${main.exitCode})`}; it was not us.`,
  },
  {
    name: 'too large for the system',
    applies: ({ main }) => main !== null && isTooLarge(main),
    reason: 'launch_refused',
    message: ({ main }) =>
      said(
        'Linux did not start the program, for a variable or a word of its command is over 128 KiB or all of them together over ' +
          'about 2 MiB; a secret counts as a variable. Give large data as inputs or as a file',
        main?.message.trim(),
      ),
  },
  {
    name: 'could not be started',
    applies: ({ main }) => main !== null && couldNotStart(main),
    reason: 'command_not_found',
    message: ({ main }) => startWords(main?.message ?? ''),
  },
  {
    name: 'killed without cause',
    applies: ({ exitCode }) => exitCode === 137,
    reason: 'killed_without_cause',
    message: describeExit,
  },
  {
    name: 'ended by a signal',
    applies: ({ main }) =>
      main !== null && ((main.signal ?? 0) > 0 || (main.exitCode > 128 && main.exitCode < 160)),
    reason: 'signal',
    message: ({ main }) => `The program was ended by ${signalName(signalOf(main))}.`,
  },
  {
    name: 'exit code',
    applies: ({ exitCode }) => exitCode !== null && exitCode !== 0,
    reason: 'exit_code',
    message: describeExit,
  },
  {
    name: 'nothing says why',
    applies: ({ main }) => main === null,
    reason: 'unknown',
    message: (facts) =>
      podSaid(facts) || `The pod ended in phase ${facts.pod.phase} and its program left no state.`,
  },
];

/** True when the pod was asked to go, or went, before its program was seen to have ended. */
export const wasRemoved = (pod: PodView): boolean =>
  pod.deleting || (pod.gone && pod.main.state.kind !== 'terminated');

const failed = ({ state, sidecar }: ContainerView): boolean =>
  !sidecar && state.kind === 'terminated' && state.exitCode !== 0;

const gather = (pod: PodView): EndFacts => {
  const main = pod.main.state.kind === 'terminated' ? pod.main.state : null;
  return {
    pod,
    main,
    exitCode: main?.exitCode ?? null,
    disruption:
      pod.conditions.find(({ type, status }) => type === 'DisruptionTarget' && status === 'True') ?? null,
    removed: wasRemoved(pod),
    failedInit: pod.init.find(failed) ?? null,
  };
};

/** The end of the log that the kubelet kept in the status is evidence, but bounded: it goes into a row. */
const evidence = ({ pod, main, disruption }: EndFacts, rule: EndRule): Failure['evidence'] => ({
  rule: rule.name,
  pod: pod.name,
  podUid: pod.uid,
  phase: pod.phase,
  ...(pod.node === null ? {} : { node: pod.node }),
  ...(pod.reason === ''
    ? {}
    : { podReason: pod.reason, podMessage: pod.message.slice(0, 1_000).toWellFormed() }),
  ...(main === null
    ? {}
    : {
        exitCode: main.exitCode,
        containerReason: main.reason,
        lastOutput: main.message.slice(-2_000).toWellFormed(),
      }),
  ...(disruption === null ? {} : { disruption: disruption.reason }),
});

/** Why an ended pod failed; null: exit code 0, and nothing speaks against success. */
export const judgeEnd = (pod: PodView): Failure | null => {
  const facts = gather(pod);
  const rule = endRules.find((candidate) => candidate.applies(facts));
  return rule === undefined ? null : failure(rule.reason, rule.message(facts), evidence(facts, rule));
};
