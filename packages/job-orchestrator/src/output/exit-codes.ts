import type { ErrorCode, JobState } from '@job-orchestrator/types';

/** What a command's exit code says; the README lists the same. */
export const exitCodes = {
  ok: 0,
  error: 1,
  usage: 2,
  jobFailed: 3,
  auth: 4,
  notFound: 5,
  conflict: 6,
  cancelled: 7,
  stillRunning: 8,
  /** `run` without `--exit-status=class`: the program never started, or the failure is ours. */
  ours: 125,
  interrupted: 130,
} as const;

const conflicts: readonly ErrorCode[] = [
  'job_ambiguous',
  'image_disabled',
  'cancel_too_late',
  'retry_not_ended',
  'dag_in_use',
  'dag_run_ambiguous',
  'dag_run_not_ended',
  'dag_run_not_failed',
  'dag_run_ended',
  'approval_not_open',
  'approval_answered',
  'schedule_exists',
  'backfill_ambiguous',
  'idempotency_key_reused',
  'data_folder_in_use',
  'profile_in_use',
];
const wrongInput: readonly ErrorCode[] = [
  'invalid_input',
  'malformed_json',
  'body_too_large',
  'bad_cursor',
  'output_not_supported',
  'dag_not_supported',
  'invalid_configuration',
  'secret_not_allowed',
];

/** The exit code for an error of the catalogue. */
export const exitCodeOfError = (code: ErrorCode): number => {
  if (code === 'unauthorized' || code === 'forbidden_origin') return exitCodes.auth;
  if (code.endsWith('_not_found') || code === 'secret_not_bound') return exitCodes.notFound;
  if (conflicts.includes(code)) return exitCodes.conflict;
  return wrongInput.includes(code) ? exitCodes.usage : exitCodes.error;
};

/** The exit code for where a job stands. */
export const exitCodeOfState = (state: JobState): number => {
  if (state === 'completed') return exitCodes.ok;
  if (state === 'failed') return exitCodes.jobFailed;
  return state === 'cancelled' ? exitCodes.cancelled : exitCodes.stillRunning;
};

/** Of many jobs: a failure speaks loudest, then a cancel, then one that still runs. */
export const exitCodeOfStates = (states: readonly JobState[]): number => {
  const codes = new Set(states.map(exitCodeOfState));
  return (
    [exitCodes.jobFailed, exitCodes.cancelled, exitCodes.stillRunning].find((code) => codes.has(code)) ??
    exitCodes.ok
  );
};

/**
 * What `run` exits with: the program's own code, and 125 where there is none
 * or where it would tell a success that was none.
 */
export const exitCodeOfProgram = (state: JobState, exitCode: number | null): number => {
  if (state === 'completed') return exitCodes.ok;
  return exitCode === null || exitCode === 0 ? exitCodes.ours : exitCode;
};
