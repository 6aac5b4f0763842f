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

/** PostgreSQL answers and lets us not in: wrong password, no such role or database. */
const refused = (error: unknown): boolean => ['28P01', '28000', '3D000'].includes(codeOf(error) ?? '');

/** It is there and could not: disk or memory full (53…), a time limit of its administrator, a fault of its disk. */
const isAtItsLimit = (error: unknown): boolean => /^(53...|57014|58030)$/.test(codeOf(error) ?? '');

const lacksRight = (error: unknown): boolean => codeOf(error) === '42501';

const grants: Readonly<Record<string, string>> = {
  table: 'select, insert, update, delete on table',
  view: 'select on table',
  sequence: 'usage on sequence',
  schema: 'usage, create on schema',
  function: 'execute on function',
  database: 'create on database',
};

/** The statement that gives the right that is missing: `permission denied for table jobs` → `GRANT … ON table jobs TO …`. */
const grantFor = (message: string): string => {
  const [, kind = '', name = ''] = /^permission denied for (?:materialized )?(\w+) (.+)$/.exec(message) ?? [];
  const right = grants[kind];
  return right === undefined
    ? 'let the account of DATABASE_URL own its database or schema'
    : `its owner runs: GRANT ${right} ${name} TO the account of DATABASE_URL`;
};

const rightMissing = (error: unknown): OrchestratorError => {
  const { message } = error as Error;
  const detail = `The database answers, but denies a right: ${message}; ${grantFor(message)}.`;
  return new OrchestratorError('database_right_missing', detail, [], { cause: error });
};

const unavailable = (what: string, error: unknown): OrchestratorError =>
  new OrchestratorError('database_unavailable', `${what}: ${(error as Error).message}`, [], { cause: error });

/** What callers are told of a fault: what no statement could do is named by the catalogue, all else stays unchanged. */
export const asCatalogued = (error: unknown): unknown => {
  if (lacksRight(error)) return rightMissing(error);
  if (refused(error)) return unavailable('The database refuses us', error);
  if (isAtItsLimit(error)) return unavailable('The database answers, but could not do it', error);
  if (!connectionLost(error) || isOrchestratorError(error)) return error;
  return unavailable('The database does not answer', error);
};
