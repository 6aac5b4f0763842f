import type { JsonObject } from '../json/json-value.ts';

/** The stable, documented contract of why an attempt failed. */
export const failureCategories = [
  'user_error',
  'out_of_memory',
  'timeout',
  'image',
  'configuration',
  'infrastructure',
  'capacity',
  'output',
  'cancelled',
  'unknown',
] as const;
export type FailureCategory = (typeof failureCategories)[number];

/** The budget that pays for a retry; `none`: this category is never retried on a budget. */
export type RetryBudget = 'user' | 'infrastructure' | 'output' | 'none';

/** How a category is retried; milliseconds. `most` caps the retries of this category below its budget. */
export interface CategoryRule {
  readonly budget: RetryBudget;
  readonly backoffBaseMs: number;
  readonly backoffCapMs: number;
  readonly most: number | null;
}

const rule = (
  budget: RetryBudget,
  baseMs: number,
  capMs: number,
  most: number | null = null,
): CategoryRule => ({
  budget,
  backoffBaseMs: baseMs,
  backoffCapMs: capMs,
  most,
});

/** The table of design §8: who pays for a retry, and how long it waits. */
export const categoryRules: Readonly<Record<FailureCategory, CategoryRule>> = {
  user_error: rule('user', 10_000, 600_000),
  out_of_memory: rule('user', 0, 0, 1),
  timeout: rule('user', 10_000, 600_000),
  image: rule('none', 0, 0),
  configuration: rule('none', 0, 0),
  infrastructure: rule('infrastructure', 5_000, 300_000),
  capacity: rule('none', 0, 0),
  output: rule('output', 5_000, 60_000, 2),
  cancelled: rule('none', 0, 0),
  unknown: rule('infrastructure', 30_000, 600_000, 2),
};

/**
 * Why an attempt failed. `reason` is a key of `failureReasons`, `message` what happened this time,
 * `hint` what to do, `evidence` the raw facts it was judged by.
 */
export interface Failure {
  readonly category: FailureCategory;
  readonly reason: FailureReason;
  readonly message: string;
  readonly hint: string;
  readonly evidence: JsonObject;
}

interface ReasonRule {
  readonly category: FailureCategory;
  readonly title: string;
  readonly hint: string;
}

/** Every reason code we give, with its category and what to do; `docs/errors.md` lists the same. */
export const failureReasons = {
  exit_code: {
    category: 'user_error',
    title: 'The program ended with an exit code other than 0.',
    hint: 'Read the log of this attempt. Set retry.maxRetries if another try can help.',
  },
  signal: {
    category: 'user_error',
    title: 'The program was ended by a signal that we did not send.',
    hint: 'Read the log; a crash (SIGSEGV, SIGABRT) is a fault of the program, SIGKILL often one of memory.',
  },
  command_not_found: {
    category: 'configuration',
    title: 'The command could not be started.',
    hint: 'Check command and args: does the file exist in the image, is it executable, is the path absolute?',
  },
  oom_killed: {
    category: 'out_of_memory',
    title: 'The kernel killed the program: it used more memory than its limit.',
    hint: 'Raise resources.limits.memory, let retry.memory raise it at each try, or make the program use less.',
  },
  run_deadline: {
    category: 'timeout',
    title: 'The job ran longer than deadlines.runSeconds.',
    hint: 'Raise deadlines.runSeconds if the work needs the time.',
  },
  start_deadline: {
    category: 'timeout',
    title: 'The job did not start within deadlines.startSeconds.',
    hint: 'See what it waited for in its events; raise deadlines.startSeconds if the wait is normal.',
  },
  queue_deadline: {
    category: 'timeout',
    title: 'No executor took the job within deadlines.queueSeconds.',
    hint: 'Check that an executor serves the topic, and that the topic is neither paused nor full.',
  },
  finalize_deadline: {
    category: 'output',
    title: 'The program ended, but its result could not be collected within deadlines.finalizeSeconds.',
    hint: 'Check the output and the runtime it ran on, then retry the job.',
  },
  image_not_found: {
    category: 'image',
    title: 'The image or its tag does not exist, or the registry refused us.',
    hint: 'Check the reference with `get images`, and the pull rights of the namespace.',
  },
  image_pull_denied: {
    category: 'image',
    title: 'The registry refuses to give us the image.',
    hint: 'Check the reference and the pull secrets of the namespace; some registries refuse what does not exist.',
  },
  image_platform: {
    category: 'image',
    title: 'The image is not made for the platform of the node.',
    hint: 'Build the image for the platform of the nodes (linux/amd64, linux/arm64), or for several.',
  },
  invalid_image_name: {
    category: 'image',
    title: 'The image reference is malformed.',
    hint: 'Register the image again with a valid reference.',
  },
  container_config: {
    category: 'configuration',
    title: 'The container could not be made from its configuration.',
    hint: 'Check env, command, and the user the image runs as.',
  },
  reference_missing: {
    category: 'configuration',
    title: 'A Secret, a ConfigMap or a key of one that the container needs does not exist.',
    hint: 'Create what the message names where the job runs, then retry the job.',
  },
  profile_missing: {
    category: 'configuration',
    title: 'The profile that the job names does not exist any more.',
    hint: 'Define it again with `profile add`, then retry the job.',
  },
  secret_not_bound: {
    category: 'configuration',
    title: 'A secret that the job uses is not bound any more, or not for its topic and image.',
    hint: 'Bind it again with `secret bind`, then retry the job.',
  },
  suspended_again: {
    category: 'capacity',
    title: 'The Kubernetes Job was suspended after its program had started: another one got its quota.',
    hint: 'Nothing to do: it is tried anew and charged to no budget.',
  },
  launch_refused: {
    category: 'configuration',
    title: 'The runtime refused the job.',
    hint: 'The message names the rule. Change the job, or ask the administrator of the runtime.',
  },
  name_taken: {
    category: 'configuration',
    title: 'An object with the name of this attempt exists and is not ours.',
    hint: 'Find who made it; remove it or use another namespace.',
  },
  evicted: {
    category: 'infrastructure',
    title: 'The node evicted the pod.',
    hint: 'retry.infrastructureRetries pays for another try. If it recurs, request the memory and storage that the job uses.',
  },
  disrupted: {
    category: 'infrastructure',
    title: 'The pod was disrupted: drained, preempted or removed with its node.',
    hint: 'retry.infrastructureRetries pays for another try. If it recurs, ask who drains the nodes or preempts the job.',
  },
  node_refused: {
    category: 'infrastructure',
    title: 'The node did not admit the pod; nothing was started.',
    hint: 'retry.infrastructureRetries pays for another try. If it recurs, look at the node.',
  },
  registry_unavailable: {
    category: 'infrastructure',
    title: 'The registry did not give the image for too long: it limits us, or does not answer.',
    hint: 'retry.infrastructureRetries pays for another try. If it recurs, look at the registry and its rate limits; a mirror helps.',
  },
  node_trouble: {
    category: 'infrastructure',
    title: 'The node could not prepare the pod in time: its network, a volume or its container runtime.',
    hint: 'retry.infrastructureRetries pays for another try, on another node where there is one. If it recurs, the message names what to mend.',
  },
  node_lost: {
    category: 'infrastructure',
    title: 'The node vanished; the program may still run there.',
    hint: 'It was given up because of retry.onNodeLost: rerun. Look at the node; make the program safe to overlap itself.',
  },
  init_failed: {
    category: 'infrastructure',
    title: 'A container that must end before the program starts, and that is not ours, failed.',
    hint: 'retry.infrastructureRetries pays for another try. Ask who adds this container to pods (a service mesh, a policy) to look at its log.',
  },
  object_deleted: {
    category: 'infrastructure',
    title: 'What ran this attempt was deleted by somebody else before it ended.',
    hint: 'retry.infrastructureRetries pays for another try. Find who deletes Jobs or pods of ours; `cancel` is how to stop a job.',
  },
  process_lost: {
    category: 'infrastructure',
    title: 'The process vanished without leaving an exit code.',
    hint: 'The machine restarted, or somebody killed the process group. retry.infrastructureRetries pays for another try.',
  },
  own_limit_exceeded: {
    category: 'user_error',
    title: 'The pod used more than its own storage limit and was evicted.',
    hint: 'Write less to disk, or raise resources.limits.ephemeral-storage.',
  },
  killed_without_cause: {
    category: 'unknown',
    title: 'The program was killed (137) and nothing says by whom.',
    hint: 'Usually memory of a child process or an infrastructure fault; look at the node.',
  },
  output_invalid: {
    category: 'user_error',
    title: 'The output is not valid, or larger than the limit.',
    hint: 'Write the result as UTF-8 JSON to a temporary file, then rename it to $JOB_ORCHESTRATOR_OUTPUT; leave only regular files within the limits beside it.',
  },
  output_lost: {
    category: 'output',
    title: 'The program ended with exit code 0, but its output was lost on the way.',
    hint: 'It is run again for that at most twice. If it recurs, look at the output collector and its node.',
  },
  output_missing: {
    category: 'user_error',
    title: 'The job declares an output, but ended with exit code 0 without writing it.',
    hint: 'Write the result to $JOB_ORCHESTRATOR_OUTPUT, or do not declare an output.',
  },
  suspect_success: {
    category: 'infrastructure',
    title: 'The program ended with 0 while it was being removed; that is not success.',
    hint: 'retry.infrastructureRetries pays for another try. If it recurs, ask who removes the pods.',
  },
  cancelled: {
    category: 'cancelled',
    title: 'Somebody cancelled the job.',
    hint: 'Use `retry` to run it again as a new job.',
  },
  unknown: {
    category: 'unknown',
    title: 'The attempt failed and nothing that we can see says why.',
    hint: 'The evidence is in the attempt; please report it.',
  },
} as const satisfies Record<string, ReasonRule>;

export type FailureReason = keyof typeof failureReasons;

/** Builds a failure from the catalogue; `message` says what happened this time. */
export const failure = (reason: FailureReason, message: string, evidence: JsonObject = {}): Failure => ({
  category: failureReasons[reason].category,
  reason,
  message,
  hint: failureReasons[reason].hint,
  evidence,
});
