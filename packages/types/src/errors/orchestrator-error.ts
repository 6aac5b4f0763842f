import { errorCatalogue, type ErrorCode } from './catalogue.ts';
import type { Problem } from './problems.ts';

/** An error that a person can act upon. `code` is a key of `errorCatalogue`; compare codes, never classes. */
export class OrchestratorError extends Error {
  override readonly name = 'OrchestratorError';
  readonly code: ErrorCode;
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, detail: string, problems: readonly Problem[] = [], options?: ErrorOptions) {
    super(detail, options);
    this.code = code;
    this.problems = problems;
  }

  get status(): number {
    return errorCatalogue[this.code].status;
  }

  get hint(): string {
    return errorCatalogue[this.code].hint;
  }
}

/** True for an error of ours, also where it crossed a package or a thread. */
export const isOrchestratorError = (error: unknown): error is OrchestratorError =>
  error instanceof Error && error.name === 'OrchestratorError';

/** RFC 9457 problem details, as the API sends them. */
export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly hint: string;
  readonly problems: readonly Problem[];
  readonly requestId?: string;
}

/** The problem details of an error. */
export const toProblemDetails = (error: OrchestratorError, requestId?: string): ProblemDetails => ({
  type: `urn:job-orchestrator:error:${error.code}`,
  title: errorCatalogue[error.code].title,
  status: error.status,
  code: error.code,
  detail: error.message,
  hint: error.hint,
  problems: error.problems,
  ...(requestId === undefined ? {} : { requestId }),
});
