import type { AttemptId, Deaths } from '@job-orchestrator/types';

/** One death is a deploy that went wrong, or a lost machine; a second soon after may be an attempt's doing. */
const carefulFrom = 2;
/** Deaths with the same attempt in hand, after which nobody takes it in hand any more. */
const deathsMost = 3;

/** True when what is adopted is to be looked at one by one, each written down before. */
export const isCareful = ({ count }: Deaths): boolean => count >= carefulFrom;

/** True when executors died over an attempt often enough. */
export const isUntouchable = ({ withInHand }: Deaths, attempt: AttemptId): boolean =>
  (withInHand.get(attempt) ?? 0) >= deathsMost;

/** In which order to look: what nobody died over first, so that the others are through before the next death. */
export const byDeaths = <Adopted extends { readonly id: AttemptId }>(
  adopted: readonly Adopted[],
  { withInHand }: Deaths,
): readonly Adopted[] =>
  adopted.toSorted((one, other) => (withInHand.get(one.id) ?? 0) - (withInHand.get(other.id) ?? 0));

/** What people read of an attempt that nobody looks at any more. */
export const untouchableMessage = (deaths: Deaths, attempt: AttemptId): string =>
  `${deaths.withInHand.get(attempt) ?? 0} executors died while they looked at this attempt, so none does any more. ` +
  'Its program is not touched. It is looked at again by another version of the executor, or by one that takes it over ' +
  'half an hour after the last death.';
