import { OrchestratorError, isOrchestratorError } from '@job-orchestrator/types';

const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

/** The transaction was certainly rolled back and may simply be run again: serialization failure, deadlock. */
export const wasRolledBack = (error: unknown): boolean => ['40001', '40P01'].includes(codeOf(error) ?? '');

const neverSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENOENT', '57P03', '53300']);
const lostWhileRunning = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  '57P01',
  '57P02',
  '25006',
]);
const lostMessages =
  /Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Query read timeout|Client was closed/;

/** The statement never reached the database. */
export const neverReached = (error: unknown): boolean =>
  neverSent.has(codeOf(error) ?? '') ||
  (error instanceof Error && error.message.includes('timeout exceeded when trying to connect'));

/** The connection is gone; what it was doing may have been committed or not. */
export const connectionLost = (error: unknown): boolean => {
  const code = codeOf(error);
  if (isOrchestratorError(error)) return error.code === 'database_unavailable';
  if (code !== undefined && (lostWhileRunning.has(code) || neverSent.has(code) || code.startsWith('08')))
    return true;
  return error instanceof Error && lostMessages.test(error.message);
};

/** Nothing came back, not even that the connection is gone: a firewall or NAT forgot it, and maybe others with it. */
export const wentSilent = (error: unknown): boolean =>
  error instanceof Error && error.message.includes('Query read timeout');

/** A name we prepared is not known to this session: a transaction pooler gave us another one. Nothing was run. */
export const preparedNameLost = (error: unknown): boolean => ['26000', '42P05'].includes(codeOf(error) ?? '');

/** The lease of the owner that writes is over (raised by `end_attempts`): the whole transaction was undone. */
export const leaseIsOver = (error: unknown): boolean => codeOf(error) === 'JO001';

/** True when a row with this key stands there already. */
export const isUniqueViolation = (error: unknown): boolean => codeOf(error) === '23505';

/** PostgreSQL answers and lets us not do it: wrong password, no such role or database, no right to the schema. */
const refused = (error: unknown): boolean =>
  ['28P01', '28000', '3D000', '42501'].includes(codeOf(error) ?? '');

const unavailable = (what: string, error: unknown): OrchestratorError =>
  new OrchestratorError('database_unavailable', `${what}: ${(error as Error).message}`, [], { cause: error });

/** What callers are told of a fault: a lost connection or a refusal as `database_unavailable`, all else unchanged. */
export const asUnavailable = (error: unknown): unknown => {
  if (refused(error)) return unavailable('The database refuses us', error);
  if (!connectionLost(error) || isOrchestratorError(error)) return error;
  return unavailable('The database does not answer', error);
};
