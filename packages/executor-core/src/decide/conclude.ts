import {
  backoffMs,
  categoryRules,
  type ClosingDecision,
  type ExitReport,
  type Failure,
  type FailureReason,
  type LiveAttempt,
  type RetriesUsed,
  type RetryBudget,
} from '@job-orchestrator/types';

/** What a failure is charged to: how many retries of its budget, and of its category, were used and may be. */
interface Account {
  readonly used: number;
  readonly allowed: number;
}

const budgetAccount = (attempt: LiveAttempt, budget: RetryBudget): Account => {
  const { retriesUsed, spec } = attempt;
  if (budget === 'user') return { used: retriesUsed.user, allowed: spec.retry.maxRetries };
  if (budget === 'infrastructure') {
    return { used: retriesUsed.infrastructure, allowed: spec.retry.infrastructureRetries };
  }
  // The output budget is its category's own cap: nobody sets it.
  if (budget === 'output') return { used: retriesUsed.output, allowed: Infinity };
  return { used: 0, allowed: 0 };
};

const usedByCategory = (used: RetriesUsed, category: Failure['category']): number | null => {
  if (category === 'unknown') return used.unknown;
  if (category === 'out_of_memory') return used.outOfMemory;
  if (category === 'output') return used.output;
  return null;
};

const lostReasons: ReadonlySet<FailureReason> = new Set(['object_deleted', 'process_lost', 'node_lost']);

/** A failed attempt's end: another try where a budget pays for it, else the job's failure. */
export const conclude = (
  attempt: LiveAttempt,
  failure: Failure,
  exit: ExitReport | null,
  jitter: number,
): Extract<ClosingDecision, { kind: 'retry' | 'fail' }> => {
  const rule = categoryRules[failure.category];
  const budget = budgetAccount(attempt, rule.budget);
  const ofCategory = usedByCategory(attempt.retriesUsed, failure.category);
  const lost = lostReasons.has(failure.reason);
  const capped = rule.most !== null && (ofCategory ?? budget.used) >= rule.most;
  if (budget.used >= budget.allowed || capped) return { kind: 'fail', failure, lost, exit };
  const delayMs = backoffMs(rule, ofCategory ?? budget.used, jitter);
  return { kind: 'retry', failure, chargedTo: rule.budget, delayMs, lost, exit };
};
