/** The states of a job, in the order of its life; the last three are terminal and never change. */
export const jobStates = [
  'scheduled',
  'pending',
  'claimed',
  'running',
  'completed',
  'failed',
  'cancelled',
] as const;
export type JobState = (typeof jobStates)[number];

/** The states of an attempt; the last four are terminal and never change. */
export const attemptStates = [
  'launching',
  'waiting',
  'running',
  'finalizing',
  'succeeded',
  'failed',
  'cancelled',
  'lost',
] as const;
export type AttemptState = (typeof attemptStates)[number];
export type LiveAttemptState = Extract<AttemptState, 'launching' | 'waiting' | 'running' | 'finalizing'>;
export type ClosedAttemptState = Exclude<AttemptState, LiveAttemptState>;
export type TerminalJobState = Extract<JobState, 'completed' | 'failed' | 'cancelled'>;

/** True once a job has reached the one state that it keeps. */
export const isTerminalJobState = (state: JobState): state is TerminalJobState =>
  state === 'completed' || state === 'failed' || state === 'cancelled';

/** True once an attempt is closed and immutable. */
export const isClosedAttemptState = (state: AttemptState): state is ClosedAttemptState =>
  state === 'succeeded' || state === 'failed' || state === 'cancelled' || state === 'lost';

/** Why a job or attempt waits now; each has its sentence in `explainWaiting`. */
export const waitingReasons = [
  'scheduled',
  'backing_off',
  'topic_paused',
  'topic_limit',
  'no_executor',
  'queued',
  'launching',
  'scheduling',
  'unschedulable',
  'preparing',
  'pulling_image',
  'image_problem',
  'configuration_problem',
  'quota',
  'suspended',
  'runtime_busy',
  'runtime_unreachable',
  'node_lost',
  'terminating',
  'set_aside',
  'output',
] as const;
export type WaitingReason = (typeof waitingReasons)[number];
