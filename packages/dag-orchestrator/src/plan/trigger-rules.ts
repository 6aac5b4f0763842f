import type { NodeReason, ParentCounts, TriggerRule } from '@job-orchestrator/types';

/** What a trigger rule says of a node: run it, wait for more parents, or skip it. */
export type Verdict =
  | { readonly kind: 'run' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'skip'; readonly reason: NodeReason };

const run: Verdict = { kind: 'run' };
const wait: Verdict = { kind: 'wait' };
const upstreamFailed: Verdict = { kind: 'skip', reason: 'upstream_failed' };
const upstreamSkipped: Verdict = { kind: 'skip', reason: 'upstream_skipped' };
const notMet: Verdict = { kind: 'skip', reason: 'rule_not_met' };

type Rule = (counts: ParentCounts, done: boolean) => Verdict;

/** A verdict once every parent has ended. */
const atTheEnd = (done: boolean, verdict: Verdict): Verdict => (done ? verdict : wait);

/**
 * Airflow's rules. Each decides as soon as no end of another parent could change its verdict, and never before: so the
 * order in which parents end changes nothing. `all_success` therefore skips at once when a parent failed, but waits with
 * a skipped one, because a failed one would still make it `upstream_failed`.
 */
const rules: Readonly<Record<TriggerRule, Rule>> = {
  all_success: ({ failed, skipped }, done) => {
    if (failed > 0) return upstreamFailed;
    return atTheEnd(done, skipped > 0 ? upstreamSkipped : run);
  },
  all_failed: ({ completed, skipped }, done) => (completed + skipped > 0 ? notMet : atTheEnd(done, run)),
  all_done: (_, done) => atTheEnd(done, run),
  all_done_min_one_success: ({ completed, skipped }, done) => {
    if (skipped > 0) return upstreamSkipped;
    return atTheEnd(done, completed > 0 ? run : upstreamFailed);
  },
  one_success: ({ completed, failed }, done) => {
    if (completed > 0) return run;
    return atTheEnd(done, failed > 0 ? upstreamFailed : upstreamSkipped);
  },
  one_failed: ({ failed }, done) => (failed > 0 ? run : atTheEnd(done, notMet)),
  one_done: ({ completed, failed }, done) => (completed + failed > 0 ? run : atTheEnd(done, upstreamSkipped)),
  none_failed: ({ failed }, done) => (failed > 0 ? upstreamFailed : atTheEnd(done, run)),
  none_failed_min_one_success: ({ completed, failed }, done) => {
    if (failed > 0) return upstreamFailed;
    return atTheEnd(done, completed > 0 ? run : upstreamSkipped);
  },
  none_skipped: ({ skipped }, done) => (skipped > 0 ? upstreamSkipped : atTheEnd(done, run)),
  all_skipped: ({ completed, failed }, done) => (completed + failed > 0 ? notMet : atTheEnd(done, run)),
  always: () => run,
};

/** What `rule` says of a node with so many parents of which so many have ended. One without parents runs. */
export const verdictOf = (rule: TriggerRule, counts: ParentCounts, parents: number): Verdict => {
  const done = counts.completed + counts.failed + counts.skipped >= parents;
  return parents === 0 ? run : rules[rule](counts, done);
};
