import {
  backoffMs,
  canGrow,
  categoryRules,
  selects,
  type CategoryRule,
  type ClosingDecision,
  type ExitReport,
  type Failure,
  type FailureReason,
  type LiveAttempt,
  type RetriesUsed,
  type RetryBudget,
  type RetryPolicy,
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

/** A job may ask for a backoff of its own where its own budget pays. */
const backoffRule = (rule: CategoryRule, { backoff }: RetryPolicy): CategoryRule =>
  backoff === undefined || rule.budget !== 'user'
    ? rule
    : { ...rule, backoffBaseMs: backoff.baseSeconds * 1_000, backoffCapMs: backoff.capSeconds * 1_000 };

/** True when the job's own rules speak against another try. */
const isRuledOut = (
  { retry }: LiveAttempt['spec'],
  { category }: Failure,
  exitCode: number | null,
): boolean => {
  if (retry.never !== undefined && selects(retry.never, category, exitCode)) return true;
  const ofUser = categoryRules[category].budget === 'user';
  return ofUser && retry.on !== undefined && !selects(retry.on, category, exitCode);
};

/** The same try again would run out of memory again, so that only growth justifies more than one. */
const isCapped = (
  { spec, retriesUsed }: LiveAttempt,
  { category }: Failure,
  most: number | null,
  used: number,
) => {
  if (category === 'out_of_memory' && spec.retry.memory !== undefined)
    return !canGrow(spec, retriesUsed.outOfMemory);
  return most !== null && used >= most;
};

/** A failed attempt's end: another try where a budget pays for it, else the job's failure. */
export const conclude = (
  attempt: LiveAttempt,
  failure: Failure,
  exit: ExitReport | null,
  jitter: number,
): Extract<ClosingDecision, { kind: 'retry' | 'fail' }> => {
  const { retry } = attempt.spec;
  const rule = backoffRule(categoryRules[failure.category], retry);
  const budget = budgetAccount(attempt, rule.budget);
  const used = usedByCategory(attempt.retriesUsed, failure.category) ?? budget.used;
  const lost = lostReasons.has(failure.reason);
  const ruledOut = isRuledOut(attempt.spec, failure, exit?.exitCode ?? null);
  // What lost its room to others has spent nothing: however often that happens, it is tried anew.
  const spent = failure.category !== 'capacity' && budget.used >= budget.allowed;
  if (ruledOut || spent || isCapped(attempt, failure, rule.most, used))
    return { kind: 'fail', failure, lost, exit };
  return {
    kind: 'retry',
    failure,
    chargedTo: rule.budget,
    delayMs: backoffMs(rule, used, jitter),
    lost,
    exit,
  };
};
