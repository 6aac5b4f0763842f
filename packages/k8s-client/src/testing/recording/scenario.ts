import type { FailureReason, JobSpec, Observation, WaitingReason } from '@job-orchestrator/types';
import type { Job } from 'kubernetes-types/batch/v1.js';
import type { ApiClient } from '../../http/api-client.ts';
import type { FailureFixture } from '../fixture.ts';
import type { NodeUnderTest } from './node.ts';

/** Where a scenario plays. */
export interface Stage {
  readonly api: ApiClient;
  readonly namespace: string;
  /** `host:port` of a registry of ours that answers as the scenario's tag asks: `limited`, `arm`, `empty`. */
  readonly registry: string;
  /** `host:port` of a real registry that holds no image, and of one that wants a login. */
  readonly realRegistry: string;
  readonly registryWithLogin: string;
  readonly node: NodeUnderTest;
  /** What is seen so far of this scenario's attempt. */
  seen(): Pick<FailureFixture, 'job' | 'pods' | 'gone' | 'events'>;
  /** Waits until the observation is of this kind. */
  until(kind: Observation['kind']): Promise<void>;
  /** Waits until the first line of the program, `begun`, is in its log. */
  begun(): Promise<void>;
  podName(): string;
}

/** One way to fail that a real cluster can be brought to show. */
export interface Scenario {
  readonly name: string;
  readonly signal: string;
  readonly spec: Partial<JobSpec>;
  /** What happens to the namespace or the node before it is created. */
  readonly before?: (stage: Stage) => Promise<void>;
  /** What the manifest cannot say: an administrator's or somebody else's addition. */
  readonly shape?: (job: Job, stage: Stage) => Job;
  /** What happens to it once it is created. */
  readonly meddle?: (stage: Stage) => Promise<void>;
  readonly intent?: NonNullable<FailureFixture['intent']>;
  /** Names the namespace apart in which a quota allows no pod (`pods`), no Job (`jobs`), or only pods that name `limits`. */
  readonly quota?: 'pods' | 'jobs' | 'limits';
  /** True: nobody saw its pods; what the Job alone tells is recorded. */
  readonly unseen?: boolean;
  /** True: an account without any right asks for it. */
  readonly rightless?: boolean;
  /** True: it harms the node, and with it whatever else runs there. */
  readonly alone?: boolean;
  /** So long before the moment of the fixtures it began; else at that moment. */
  readonly agedSeconds?: number;
  /** The verdict that must come out, written down before anything is recorded. */
  readonly expected: {
    readonly observation: FailureFixture['expected']['observation'];
    readonly reason?: FailureReason;
    readonly waiting?: WaitingReason;
    readonly exitCode?: number;
    /** The reason of the decision, where our intent makes it another than that which the pod shows. */
    readonly decided?: FailureReason;
    readonly decision: NonNullable<FailureFixture['expected']['decision']>;
    /** The words that must be in the message. */
    readonly says?: RegExp;
  };
}

/** A shell that ends only when it is told to, and then with `code`. */
export const endsWith = (code: number): Partial<JobSpec> => ({
  command: ['sh', '-c', `trap 'exit ${code}' TERM; echo begun; while :; do sleep 1 & wait $!; done`],
  args: null,
});

export const shell = (script: string): Partial<JobSpec> => ({ command: ['sh', '-c', script], args: null });

type PodSpec = NonNullable<NonNullable<Job['spec']>['template']['spec']>;

/** Changes the pod of a Job. */
export const shapePod =
  (change: (pod: PodSpec) => Partial<PodSpec>) =>
  (job: Job, _stage?: Stage): Job => {
    const { spec } = job;
    const pod = spec?.template.spec;
    if (spec === undefined || pod === undefined) throw new Error('the manifest has no pod');
    return {
      ...job,
      spec: { ...spec, template: { ...spec.template, spec: { ...pod, ...change(pod) } } },
    };
  };

/** Adds fields to the main container of a Job. */
export const shapeMain = (fields: object): ((job: Job, stage?: Stage) => Job) =>
  shapePod((pod) => ({ containers: pod.containers.map((container) => ({ ...container, ...fields })) }));
