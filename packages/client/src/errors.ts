import {
  errorCatalogue,
  isOrchestratorError,
  OrchestratorError,
  type ErrorCode,
  type Problem,
} from '@job-orchestrator/types/errors';

interface ReceivedProblem {
  readonly code: string;
  readonly detail: string;
  readonly problems: readonly Problem[];
  readonly requestId: string | null;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const readProblem = (body: unknown): ReceivedProblem | null => {
  if (!isObject(body) || typeof body['code'] !== 'string' || typeof body['detail'] !== 'string') return null;
  return {
    code: body['code'],
    detail: body['detail'],
    problems: Array.isArray(body['problems']) ? (body['problems'] as Problem[]) : [],
    requestId: typeof body['requestId'] === 'string' ? body['requestId'] : null,
  };
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

const isKnown = (code: string): code is ErrorCode => Object.hasOwn(errorCatalogue, code);

/** Faults of ours are worth a report, and the request id finds them in the server's log. */
const detailOf = (problem: ReceivedProblem): string => {
  if (isKnown(problem.code) && problem.code !== 'internal') return problem.detail;
  const code = isKnown(problem.code) ? '' : `${problem.code}: `;
  return `${code}${problem.detail}${problem.requestId === null ? '' : ` (request ${problem.requestId})`}`;
};

/**
 * The error that a server sent. A code of a newer server that this client does not know becomes `internal`;
 * an answer that is no problem+json (a proxy's page) becomes `server_unreachable`.
 */
export const errorFromAnswer = (
  server: string,
  status: number,
  contentType: string,
  text: string,
): OrchestratorError => {
  const body = parse(text);
  const problem = readProblem(body);
  if (problem === null) return notOurs(server, `status ${status}`, contentType);
  const code = isKnown(problem.code) ? problem.code : 'internal';
  return new OrchestratorError(code, detailOf(problem), problem.problems, { cause: body });
};

/** Something answers, but it does not speak our API. */
export const notOurs = (server: string, what: string, contentType: string): OrchestratorError =>
  new OrchestratorError(
    'server_unreachable',
    `${server} answers with ${what} and content type ${contentType === '' ? '(none)' : contentType}; that is no Job Orchestrator, or a proxy stands before it.`,
  );

const causeCode = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return causeCode(error.cause);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
};

/** Nothing answers at all. */
export const unreachable = (server: string, error: unknown): OrchestratorError =>
  new OrchestratorError('server_unreachable', `No server answers at ${server} (${causeCode(error)}).`, [], {
    cause: error,
  });

/** The server took the request and then said nothing for too long. */
export const silent = (server: string, milliseconds: number): OrchestratorError =>
  new OrchestratorError('server_unreachable', `${server} did not answer within ${milliseconds / 1_000} s.`);

/** True where the same request may get another answer later: there was none, or the server was not well or too busy. */
export const mayPass = (error: unknown): boolean =>
  isOrchestratorError(error) && (error.status >= 500 || error.status === 429);
