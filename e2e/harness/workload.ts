import type { JobSubmission, TerminalJobState } from '@job-orchestrator/types';

/** How a job of the crash tests behaves, and how it has to end whatever is killed meanwhile. */
interface Behaviour {
  readonly submission: (options: WorkloadOptions) => Pick<JobSubmission, 'command' | 'retry'>;
  readonly endsAs: TerminalJobState;
  /** How many attempts it takes when nothing is lost. */
  readonly attempts: number;
}

export interface WorkloadOptions {
  /** How long an ordinary job runs, in seconds. */
  readonly seconds: number;
  /** Extra shell at the start of each program, such as a line in a ledger. */
  readonly prologue?: string;
  readonly image: string;
  readonly env?: Readonly<Record<string, string>>;
}

const shell = (options: WorkloadOptions, script: string): readonly string[] => [
  'sh',
  '-c',
  `${options.prologue ?? ''}\n${script}`,
];
const work = ({ seconds }: WorkloadOptions): string => `sleep ${seconds}; echo done`;

const behaviours: Readonly<Record<'ordinary' | 'fails' | 'recovers' | 'endless', Behaviour>> = {
  ordinary: {
    submission: (options) => ({ command: [...shell(options, work(options))] }),
    endsAs: 'completed',
    attempts: 1,
  },
  fails: {
    submission: (options) => ({ command: [...shell(options, `${work(options)}; exit 4`)] }),
    endsAs: 'failed',
    attempts: 1,
  },
  recovers: {
    submission: (options) => ({
      command: [...shell(options, `[ "$JOB_ORCHESTRATOR_ATTEMPT" = 1 ] && exit 3; ${work(options)}`)],
      retry: { maxRetries: 1 },
    }),
    endsAs: 'completed',
    attempts: 2,
  },
  endless: {
    submission: (options) => ({ command: [...shell(options, 'sleep 3600')] }),
    endsAs: 'cancelled',
    attempts: 1,
  },
};
export type BehaviourName = keyof typeof behaviours;

/** One planned job. `endless` ones end only by being cancelled. */
export interface PlannedJob {
  readonly behaviour: BehaviourName;
  readonly submission: JobSubmission;
  readonly endsAs: TerminalJobState;
  readonly attempts: number;
}

const nameFor = (index: number): BehaviourName => {
  if (index % 20 === 0) return 'recovers';
  if (index % 20 === 1) return 'fails';
  if (index % 20 === 2) return 'endless';
  return 'ordinary';
};

/** A batch in which 5 % fail once, 5 % fail for good and 5 % must be cancelled; the others complete. */
export const planWorkload = (count: number, options: WorkloadOptions): readonly PlannedJob[] =>
  Array.from({ length: count }, (_, index) => {
    const behaviour = nameFor(index);
    const { submission, endsAs, attempts } = behaviours[behaviour];
    const job = {
      image: options.image,
      name: `${behaviour}-${index}`,
      env: options.env ?? {},
      ...submission(options),
    };
    return { behaviour, submission: job, endsAs, attempts };
  });
