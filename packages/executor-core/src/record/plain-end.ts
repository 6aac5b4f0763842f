import { failure, type ClosingDecision } from '@job-orchestrator/types';

/**
 * The same end without anything that came from outside: for an end that the database refuses for what is in it.
 * An output that cannot be stored is no success.
 */
export const plainEnd = (decision: ClosingDecision): ClosingDecision => {
  switch (decision.kind) {
    case 'cancel':
      return { kind: 'cancel', exit: null };
    case 'succeed': {
      const refused = failure('output_invalid', 'the database refused the output of this attempt');
      return { kind: 'fail', failure: refused, lost: false, exit: null };
    }
    case 'retry':
    case 'fail':
    default: {
      const { reason } = decision.failure;
      return {
        ...decision,
        exit: null,
        failure: failure(reason, 'the database refused the details of this failure'),
      };
    }
  }
};
