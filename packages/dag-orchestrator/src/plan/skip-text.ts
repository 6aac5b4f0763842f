import {
  countsAs,
  type NodeProgress,
  type NodeReason,
  type ParentCounts,
  type TriggerRule,
} from '@job-orchestrator/types';
import { lookAt, type Draft } from './draft.ts';
import { isTerminal } from './finish.ts';

/** What each rule asks of the nodes that a node needs. */
const asks: Readonly<Record<TriggerRule, string>> = {
  all_success: 'all to complete',
  all_failed: 'all to fail',
  all_done: 'all to end',
  all_done_min_one_success: 'one to complete and none to be skipped',
  one_success: 'one to complete',
  one_failed: 'one to fail',
  one_done: 'one to complete or fail',
  none_failed: 'none to fail',
  none_failed_min_one_success: 'one to complete and none to fail',
  none_skipped: 'none to be skipped',
  all_skipped: 'all to be skipped',
  always: 'nothing',
};

/** As what the parents count that kept a rule from holding. */
const against = (rule: TriggerRule, reason: NodeReason): readonly (keyof ParentCounts)[] => {
  if (reason === 'upstream_failed') return ['failed'];
  if (reason === 'upstream_skipped') return ['skipped'];
  return rule === 'all_skipped' ? ['completed', 'failed'] : ['completed', 'skipped'];
};

const ended = ({ state, reason }: NodeProgress): string => {
  if (state === 'completed' || state === 'failed') return state;
  return `was ${state}${reason === null ? '' : ` (${reason})`}`;
};

const namedMost = 3;

/** Why the rule of a node skips it: which nodes that it needs ended how, and what the rule asks. */
export const skipText = <Work>(draft: Draft<Work>, node: number, reason: NodeReason): string => {
  const { nodes } = draft.index.graph;
  const { needs, triggerRule } = nodes[node]!;
  const kinds = against(triggerRule, reason);
  const guilty = needs.flatMap((need) => {
    const of = lookAt(draft, need);
    if (of === null || !isTerminal(of.state) || !kinds.includes(countsAs(of))) return [];
    return [`${nodes[need]!.name} ${ended(of)}`];
  });
  const named = guilty.slice(0, namedMost).join(', ');
  const more = guilty.length > namedMost ? ` and ${guilty.length - namedMost} more` : '';
  return `${named}${more}; triggerRule ${triggerRule} asks for ${asks[triggerRule]}`;
};
