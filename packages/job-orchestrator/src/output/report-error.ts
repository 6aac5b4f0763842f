import { isOrchestratorError, OrchestratorError } from '@job-orchestrator/types/errors';
import { errorJson, errorText } from './error-text.ts';
import { exitCodeOfError } from './exit-codes.ts';
import type { OutputFormat } from './format-names.ts';
import type { Screen } from './screen.ts';

/** A fault of ours: what it says, and the place it comes from. */
const describe = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const place = /^ +at (.*)$/m.exec(error.stack ?? '')?.[1];
  return `${error.message}${place === undefined ? '' : ` (at ${place})`}`;
};

const asOurs = (error: unknown): OrchestratorError => {
  if (isOrchestratorError(error)) return error;
  return new OrchestratorError('internal', describe(error), [], { cause: error });
};

/** Tells an error on stderr, for people or as problem details with `-o json`; returns its exit code. */
export const reportError = (screen: Screen, error: unknown, format: OutputFormat): number => {
  const ours = asOurs(error);
  const { columns } = screen.errStyle;
  screen.note(format === 'json' ? errorJson(ours) : errorText(ours, columns, screen.errColours));
  return exitCodeOfError(ours.code);
};
