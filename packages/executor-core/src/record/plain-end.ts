import { failure, type ClosingDecision, type ExitReport } from '@job-orchestrator/types';

const plainExit = ({ exitCode, finishedAt }: ExitReport): ExitReport => ({
  exitCode,
  startedAt: null,
  finishedAt,
  failure: null,
  output: { kind: 'none' },
  node: null,
  imageDigest: null,
});

/**
 * The same end without anything that came from outside: for an end that the database refuses for what is in it.
 * `hasOutput`: the job declares an output; one that cannot be stored is no success.
 */
export const plainEnd = (decision: ClosingDecision, hasOutput: boolean): ClosingDecision => {
  switch (decision.kind) {
    case 'cancel':
      return { kind: 'cancel', exit: null };
    case 'succeed': {
      if (!hasOutput) return { kind: 'succeed', exit: plainExit(decision.exit) };
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
