import { spanText, type ApprovalEnd, type ApprovalFacts, type ApprovalNode } from '@job-orchestrator/types';
import { failFast } from './apply-ends.ts';
import { nodeOf, type Draft } from './draft.ts';
import { finish, type NodeEnd } from './finish.ts';

interface Judged {
  readonly state: ApprovalEnd['state'];
  readonly end: NodeEnd;
}

const timedOut = ({ timeoutSeconds, onTimeout }: ApprovalNode): Judged => {
  const message = `nobody answered within ${spanText(timeoutSeconds)} (approval.timeoutSeconds)`;
  const end: NodeEnd =
    onTimeout === 'approve'
      ? { state: 'completed', reason: null, message: `${message}: taken as approved` }
      : { state: 'failed', reason: 'approval_timeout', message };
  return { state: 'timed_out', end };
};

/** How an approval ends its node at this time; null: it waits on. An answer counts, however late it is looked at. */
export const judgeApproval = (
  node: ApprovalNode,
  { decision, expiresAt }: Omit<ApprovalFacts, 'node'>,
  now: number,
): Judged | null => {
  if (decision === null) return now < expiresAt ? null : timedOut(node);
  const { answer, by, note } = decision;
  const message = `${answer} by ${by}${note === null ? '' : `: ${note}`}`;
  const end: NodeEnd =
    answer === 'approved'
      ? { state: 'completed', reason: null, message }
      : { state: 'failed', reason: 'rejected', message };
  return { state: 'answered', end };
};

/** Takes what people answered, and the passing of time, into the draft. */
export const applyApprovals = <Work>(draft: Draft<Work>): void => {
  for (const facts of draft.view.approvals) {
    const of = nodeOf(draft, facts.node);
    const spec = draft.index.graph.nodes[facts.node]!;
    if (of === null || of.state !== 'running' || spec.kind !== 'approval') continue;
    const judged = judgeApproval(spec, facts, draft.view.now);
    if (judged === null) continue;
    draft.approvalEnds.push({ node: facts.node, state: judged.state });
    finish(draft, facts.node, of, judged.end);
    failFast(draft, facts.node, of);
  }
};
