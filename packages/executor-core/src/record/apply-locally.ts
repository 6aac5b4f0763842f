import type { AttemptWrite, LiveAttempt } from '@job-orchestrator/types';

/** The attempt as the database has it after a write was applied; `now` is the database's time. */
export const applyLocally = (attempt: LiveAttempt, write: AttemptWrite, now: Date): LiveAttempt => {
  switch (write.kind) {
    case 'launched':
      return { ...attempt, state: 'waiting', launchedAt: now, object: write.object };
    case 'progressed':
      return write.progress.kind === 'running'
        ? { ...attempt, state: 'running', startedAt: write.progress.startedAt }
        : attempt;
    case 'stopping':
      return { ...attempt, stopIntent: write.intent, stopRequestedAt: now };
    case 'finalizing':
      return { ...attempt, state: 'finalizing', finalizingAt: now };
    case 'released':
    case 'closed':
    default:
      return attempt;
  }
};
